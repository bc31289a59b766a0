package identity

import (
	"errors"
	"fmt"
	"testing"
)

func TestAWantedPassphraseStopsALogin(t *testing.T) {
	var question interface{ StopsLogin() bool } // what sshconn looks for
	err := fmt.Errorf("sign: %w", &PassphraseError{Path: "id_ed25519"})
	if !errors.As(err, &question) || !question.StopsLogin() {
		t.Errorf("%v is no question to sshconn", err)
	}
}
