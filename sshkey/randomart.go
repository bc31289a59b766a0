package sshkey

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// The field of the picture, and what is drawn for how often a place was passed;
// the last two are where the walk began and where it ended (OpenSSH's sshkey.c,
// fingerprint_randomart).
const (
	artColumns = 17
	artRows    = 9
	artMarks   = " .o+=*BOX@%&#/^SE"
	artBegin   = len(artMarks) - 2
	artEnd     = len(artMarks) - 1
)

// Randomart draws key as "ssh-keygen -lv" does: 11 lines of 19 cells. Two keys
// that are not the same seldom look alike.
func Randomart(key ssh.PublicKey) []string {
	var field [artRows][artColumns]int
	sum := sha256.Sum256(key.Marshal())
	x, y := artColumns/2, artRows/2
	for _, b := range sum {
		for range 4 {
			x = step(x, b&1 != 0, artColumns)
			y = step(y, b&2 != 0, artRows)
			field[y][x] = min(field[y][x]+1, artBegin-1)
			b >>= 2
		}
	}
	field[artRows/2][artColumns/2] = artBegin
	field[y][x] = artEnd

	title := fmt.Sprintf("[%s %d]", TypeName(key), bits(key))
	if len(title) > artColumns {
		title = "[" + TypeName(key) + "]"
	}
	lines := []string{artFrame(title)}
	for _, row := range field {
		var line strings.Builder
		for _, passed := range row {
			line.WriteByte(artMarks[passed])
		}
		lines = append(lines, "|"+line.String()+"|")
	}
	return append(lines, artFrame("[SHA256]"))
}

// step moves one place up or down, and not out of the field.
func step(at int, up bool, size int) int {
	if up {
		return min(at+1, size-1)
	}
	return max(at-1, 0)
}

func artFrame(title string) string {
	title = title[:min(len(title), artColumns)]
	left := (artColumns - len(title)) / 2
	return "+" + strings.Repeat("-", left) + title + strings.Repeat("-", artColumns-len(title)-left) + "+"
}
