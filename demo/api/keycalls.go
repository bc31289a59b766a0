package api

import (
	"net/http"
	"regexp"
	"slices"
)

// keyPattern is the contract's (components.schemas.UpdateSshKeysRequest).
var keyPattern = regexp.MustCompile(`^(ssh|ecdsa|sk)-[^\s]+ [^\s]+([ \t][^\n\r]*)?$`)

type wireKeys struct {
	Keys []string `json:"keys"`
}

func (s *Server) getKeys(w http.ResponseWriter, _ request) error {
	writeJSON(w, http.StatusOK, wireKeys{Keys: append([]string{}, s.SSHKeys()...)})
	return nil
}

// putKeys replaces the whole set, or nothing when one entry is malformed.
func (s *Server) putKeys(w http.ResponseWriter, r request) error {
	o, err := readObject(w, r.Request, "keys")
	if err != nil {
		return err
	}
	var keys []string
	o.require("keys")
	o.texts("keys", &keys)
	for i, key := range keys {
		if !keyPattern.MatchString(key) {
			o.failAt("keys", i, "does not match pattern '"+keyPattern.String()+"'")
		}
	}
	if err := o.err(); err != nil {
		return err
	}
	s.mu.Lock()
	s.sshKeys = slices.Clone(keys)
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, wireKeys{Keys: append([]string{}, keys...)})
	return nil
}
