package attach

import (
	"strings"
	"testing"
	"time"
)

func TestGreeting(t *testing.T) {
	var g greeting
	g.heard([]byte("No space left"))
	g.heard([]byte(" on device\r\n"))
	if text, typed := g.told(); text != "No space left on device\r\n" || typed {
		t.Errorf("kept %q, typed %v", text, typed)
	}
	g.answered()
	g.heard([]byte("a secret"))
	if text, typed := g.told(); text != "" || !typed {
		t.Errorf("after something was typed it keeps %q, typed %v", text, typed)
	}

	var long greeting
	long.heard([]byte(strings.Repeat("x", 3*greetingMost)))
	if text, _ := long.told(); len(text) != greetingMost {
		t.Errorf("kept %d bytes", len(text))
	}
	long.began = long.began.Add(-greetingTime - time.Second)
	long.heard([]byte("later"))
	if text, _ := long.told(); text != "" {
		t.Errorf("after its time it keeps %d bytes", len(text))
	}
}
