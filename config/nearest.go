package config

import "github.com/agnivade/levenshtein"

// Nearest returns the name that a misspelt word most likely meant; "" when none
// is near.
func Nearest(word string, names []string) string {
	best, distance := "", 1+max(2, len(word)/3)
	for _, name := range names {
		if d := levenshtein.ComputeDistance(word, name); d < distance {
			best, distance = name, d
		}
	}
	return best
}
