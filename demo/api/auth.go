package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
)

// hashedKey is a Key without its secret.
type hashedKey struct {
	sum    [sha256.Size]byte
	denied []Scope
}

func (k hashedKey) may(scope Scope) bool { return !slices.Contains(k.denied, scope) }

// SetKeys replaces the API keys that are accepted.
func (s *Server) SetKeys(keys []Key) {
	hashed := make([]hashedKey, len(keys))
	for i, k := range keys {
		hashed[i] = hashedKey{sum: sha256.Sum256([]byte(k.Secret)), denied: slices.Clone(k.Denied)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = hashed
}

// authenticate finds the key that the request carries. Every accepted key is
// compared, by its hash and in constant time, so that the time an answer takes
// tells nothing of them.
func (s *Server) authenticate(r *http.Request) (hashedKey, bool) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return hashedKey{}, false
	}
	scheme, secret, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return hashedKey{}, false
	}
	sum := sha256.Sum256([]byte(secret))
	s.mu.Lock()
	defer s.mu.Unlock()
	var found hashedKey
	ok := false
	for _, k := range s.keys {
		if subtle.ConstantTimeCompare(sum[:], k.sum[:]) == 1 {
			found, ok = k, true
		}
	}
	return found, ok
}
