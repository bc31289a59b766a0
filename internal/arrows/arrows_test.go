// Package arrows holds the house: which room may import which. A wrong import
// fails the build here, not a review.
package arrows

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "podbay"

// rooms says, for each room, which rooms it may import beside the packages of
// its own folder and cleantext. Arrows point down only.
var rooms = map[string][]string{
	".":         {"cli"},
	"cli":       {"ui", "manager", "doctor", "config", "demo", "errno"},
	"ui":        {"manager", "doctor"},
	"manager":   {"attach", "sshconn", "tty", "doctor", "identity", "sshkey", "runpod", "state", "config"},
	"attach":    {"sshconn", "tty"},
	"identity":  {"sshkey"},
	"doctor":    nil,
	"sshconn":   {"rawio", "errno"},
	"tty":       {"rawio"},
	"rawio":     nil,
	"errno":     nil,
	"sshkey":    nil,
	"runpod":    {"errno"},
	"state":     nil,
	"config":    nil,
	"cleantext": nil,
	"demo":      nil,
	"e2e":       nil,
	"bench":     {"demo", "internal"}, // a program beside the product
	"internal":  nil,                  // test support: only tests import it
}

// pure rooms do no I/O and read no clock, so they have no business with these.
var pure = map[string][]string{
	"doctor": {"os", "net", "net/http", "os/exec", "context", "io"},
	"sshkey": {"os", "net", "net/http", "os/exec", "context"},
}

// strangers are modules that a room must not know.
var strangers = map[string][]string{
	"sshconn":  {"charm.land/", "golang.org/x/term", "github.com/creack/pty"},
	"attach":   {"charm.land/"},
	"manager":  {"charm.land/"},
	"runpod":   {"charm.land/", "golang.org/x/crypto/ssh"},
	"tty":      {"charm.land/", "golang.org/x/crypto/ssh"},
	"identity": {"charm.land/"},
}

type pkg struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func TestArrowsPointDown(t *testing.T) {
	pkgs := list(t)
	if len(pkgs) < 15 {
		t.Fatalf("go list found only %d packages", len(pkgs))
	}
	for _, p := range pkgs {
		room := roomOf(p.ImportPath)
		allowed, known := rooms[room]
		if !known {
			t.Errorf("%s is in no room of the house: give it one, in this test and in docs/design.md", p.ImportPath)
			continue
		}
		for _, imported := range p.Imports {
			for _, wrong := range wrongImport(room, allowed, imported) {
				t.Errorf("%s imports %s: %s", p.ImportPath, imported, wrong)
			}
		}
		for _, imported := range slices.Concat(p.TestImports, p.XTestImports) {
			if target := roomOf(imported); ours(imported) && target == "ui" && room != "ui" && room != "cli" {
				t.Errorf("the tests of %s import %s: screens are tested by their own room and by e2e", p.ImportPath, imported)
			}
		}
	}
}

func wrongImport(room string, allowed []string, imported string) (wrong []string) {
	if ours(imported) {
		target := roomOf(imported)
		if target != room && target != "cleantext" && !slices.Contains(allowed, target) {
			wrong = append(wrong, "this arrow is not in the design")
		}
		return wrong
	}
	if slices.Contains(pure[room], imported) {
		wrong = append(wrong, "this room is pure")
	}
	for _, stranger := range strangers[room] {
		if strings.HasPrefix(imported, stranger) {
			wrong = append(wrong, "this room does not know that")
		}
	}
	return wrong
}

func TestWrongImportsAreFound(t *testing.T) {
	for room, imported := range map[string]string{
		"sshconn": "podbay/runpod", "doctor": "os", "runpod": "podbay/demo/api",
		"attach": "charm.land/bubbletea/v2", "tty": "podbay/attach", "ui": "podbay/sshconn",
	} {
		if len(wrongImport(room, rooms[room], imported)) == 0 {
			t.Errorf("%s importing %s passed", room, imported)
		}
	}
}

func ours(imported string) bool {
	return imported == module || strings.HasPrefix(imported, module+"/")
}

// roomOf is the folder at the top that a package of ours lies in.
func roomOf(imported string) string {
	below := strings.TrimPrefix(strings.TrimPrefix(imported, module), "/")
	if below == "" {
		return "."
	}
	return strings.Split(path.Clean(below), "/")[0]
}

func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", module+"/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var pkgs []pkg
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}
