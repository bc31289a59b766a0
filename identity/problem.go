package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"podbay/cleantext"
)

// ProblemKind is what is wrong with a key file.
type ProblemKind string

// The kinds. The first ones are what Mend mends.
const (
	ModeTooOpen  ProblemKind = "mode-too-open" // ssh refuses a private key that others can read
	PubMissing   ProblemKind = "pub-missing"   // there is no .pub file beside the private key
	PubMismatch  ProblemKind = "pub-mismatch"  // the .pub file is of another key, or of none
	HiddenPublic ProblemKind = "hidden-public" // PubMissing, and the encrypted private file hides its public half

	WrongOwner  ProblemKind = "wrong-owner"  // another user's, who lets nobody else read it
	PublicKey   ProblemKind = "public-key"   // a public key where a private one is wanted
	PrivateKey  ProblemKind = "private-key"  // a private key where a public one is wanted
	Missing     ProblemKind = "missing"      // no such file; Nearest has names that are alike
	Directory   ProblemKind = "directory"    //
	NotAKey     ProblemKind = "not-a-key"    // something else, or damaged
	PuTTYKey    ProblemKind = "putty-key"    // a .ppk file
	SecurityKey ProblemKind = "security-key" // signs through the agent alone
	Useless     ProblemKind = "useless"      // a kind of key that servers refuse
	Unreadable  ProblemKind = "unreadable"   // the system says why
)

// Problem is what is wrong with a key file, in one plain sentence with the next
// step.
type Problem struct {
	Kind    ProblemKind
	Path    string
	Nearest []string // with Missing: paths of what is there and is named alike

	text string
	err  error
}

func (p *Problem) Error() string { return p.text }

// Unwrap gives the system's error; nil when there is none.
func (p *Problem) Unwrap() error { return p.err }

// Mending says what Mend would do about the problem, to continue "podbay would":
// "set the mode of ~/.ssh/id_rsa to 0600"; "" when Mend can do nothing.
func (p *Problem) Mending(name string) string {
	switch p.Kind {
	case ModeTooOpen:
		if !modesMatter {
			return ""
		}
		return "set the mode of " + name + " to 0600"
	case PubMissing:
		return "write " + name + ".pub from the private key"
	case HiddenPublic:
		return "ask for the passphrase and write " + name + ".pub from the private key"
	case PubMismatch:
		return "keep the wrong " + name + ".pub under another name and write the right one from the private key"
	}
	return ""
}

// fault is an error that continues a sentence that begins with the path.
type fault struct {
	kind ProblemKind
	text string
	err  error
}

func (f *fault) Error() string { return f.text }

func (f *fault) Unwrap() error { return f.err }

func newProblem(kind ProblemKind, id Identity, text string) *Problem {
	return &Problem{Kind: kind, Path: id.Path, text: id.Name() + " " + text}
}

// problemOf is the problem that reading id's file ended with.
func problemOf(id Identity, err error) *Problem {
	p := newProblem(NotAKey, id, err.Error())
	if f, ok := errors.AsType[*fault](err); ok {
		p.Kind, p.err = f.kind, f.err
	}
	return p
}

func denied(err error) bool { return errors.Is(err, fs.ErrPermission) }

// flaw is what is wrong with the .pub file of a private key that could be read.
func flaw(id Identity, beside besideFile) *Problem {
	switch {
	case id.Public == nil && !beside.there:
		return newProblem(HiddenPublic, id, fmt.Sprintf("is encrypted in a form that hides its public half: make %s.pub with ssh-keygen -y", id.Name()))
	case !beside.there:
		return newProblem(PubMissing, id, fmt.Sprintf("has no %s.pub beside it: make it with ssh-keygen -y", filepath.Base(id.Name())))
	case !beside.of(id.Public):
		return newProblem(PubMismatch, id, fmt.Sprintf("is not of the same key as %s.pub: register the key that ssh-keygen -y -f %s prints", id.Name(), id.Name()))
	}
	return nil
}

// maxNearest bounds the names that are offered for one that does not exist.
const maxNearest = 3

// missing is the problem of a path at which nothing is; where says what the name is
// corrected in.
func (f Finder) missing(path, where string) *Problem {
	id := Identity{Path: path, name: f.DisplayName(path)}
	p := newProblem(Missing, id, "does not exist: make the key, or correct the name"+where)
	p.Nearest = nearest(path, filepath.Join(f.Home, ".ssh"))
	if len(p.Nearest) > 0 {
		names := make([]string, len(p.Nearest))
		for i, near := range p.Nearest {
			names[i] = f.DisplayName(near)
		}
		p.text += "; there is " + strings.Join(names, ", ")
	}
	p.err = fs.ErrNotExist
	return p
}

// nearest is the files that are named like the one that is missing, in its folder
// or else in fallback.
func nearest(path, fallback string) []string {
	wanted := strings.ToLower(strings.TrimSuffix(filepath.Base(path), ".pub"))
	for _, dir := range []string{filepath.Dir(path), fallback} {
		type candidate struct {
			path     string
			distance int
		}
		var near []candidate
		entries, _ := os.ReadDir(dir) // a folder that cannot be read offers nothing
		for _, entry := range entries {
			name := entry.Name()
			plain := strings.ToLower(strings.TrimSuffix(name, ".pub"))
			d := levenshtein.ComputeDistance(wanted, plain)
			if entry.IsDir() || d > max(2, len(wanted)/3) && !strings.HasPrefix(plain, wanted) || cleantext.Line(name, 0) != name {
				continue
			}
			near = append(near, candidate{filepath.Join(dir, name), d})
		}
		slices.SortStableFunc(near, func(a, b candidate) int { return a.distance - b.distance })
		if len(near) > 0 {
			var paths []string
			for _, c := range near[:min(len(near), maxNearest)] {
				paths = append(paths, c.path)
			}
			return paths
		}
	}
	return nil
}
