package sshkey

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what is found into testdata")

const arrow = "--->"

// hidden are the names of characters that an editor does not show.
var hidden = []string{
	"<CR>", "\r", "<NL>", "\n", "<TAB>", "\t", "<ESC>", "\x1b", "<BOM>", "\ufeff", "<ZWSP>", "\u200b",
	"<NBSP>", "\u00a0", "<IDEOGRAPHIC SPACE>", "\u3000", "<NB HYPHEN>", "\u2011",
}

// corpus is a file of testdata with the means to read and write it.
type corpus struct {
	archive *txtar.Archive
	path    string
	expand  *strings.Replacer // {ed} to the blob
	shorten *strings.Replacer // and back
}

func readCorpus(t testing.TB, path string) *corpus {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := txtar.ParseFile("testdata/judge.txtar")
	if err != nil {
		t.Fatal(err)
	}
	expand := append([]string{}, hidden...)
	var shorten []string
	for line := range strings.Lines(string(keys.Files[0].Data)) {
		name, blob, _ := strings.Cut(strings.TrimSpace(line), " ")
		expand = append(expand, "{"+name+"}", blob)
		shorten = append(shorten, blob, "{"+name+"}")
	}
	shorten = append(shorten, "\t", "<TAB>")
	return &corpus{archive, path, strings.NewReplacer(expand...), strings.NewReplacer(shorten...)}
}

// cases calls do with each case's text and compares what it returns.
func (c *corpus) cases(t *testing.T, do func(t *testing.T, text string) string) {
	count := 0
	for i, file := range c.archive.Files {
		if file.Name == "keys" {
			continue
		}
		text, want, ok := strings.Cut("\n"+string(file.Data), "\n"+arrow)
		if !ok {
			t.Fatalf("%s has no arrow", file.Name)
		}
		count++
		t.Run(file.Name, func(t *testing.T) {
			text := strings.TrimPrefix(text, "\n")
			got := c.shorten.Replace(do(t, c.expand.Replace(text)))
			if *update {
				c.archive.Files[i].Data = []byte(text + "\n" + arrow + got)
			} else if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if count == 0 {
		t.Fatal("no cases")
	}
	if *update {
		data := bytes.ReplaceAll(txtar.Format(c.archive), []byte(" \n"), []byte("\n"))
		if err := os.WriteFile(c.path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func ids(findings []Finding) string {
	var names []string
	for _, f := range findings {
		names = append(names, string(f.ID))
	}
	return strings.Join(names, " ")
}

func TestJudge(t *testing.T) {
	readCorpus(t, "testdata/judge.txtar").cases(t, func(t *testing.T, text string) string {
		r := Judge(text)
		checkResult(t, text, r)
		got := " " + ids(r.Findings)
		if len(r.Mended) > 0 {
			got += map[bool]string{true: ", sure", false: ", unsure"}[r.Certain]
		}
		got += "\n"
		for _, line := range append(r.Prints, r.Mended...) {
			got += line + "\n"
		}
		return got
	})
}

func TestJudgeSet(t *testing.T) {
	readCorpus(t, "testdata/sets.txtar").cases(t, func(t *testing.T, text string) string {
		lines, local := readSet(t, text)
		r := JudgeSet(lines, local)
		checkSet(t, lines, local, r)
		got := "\n"
		for _, e := range r.Entries {
			got += strings.TrimRight(fmt.Sprintf("%d %s%s: %s | %s", e.Index, e.Action, flags(e), ids(e.Findings), e.Label), " ") + "\n"
		}
		for _, line := range r.Lines(false) {
			got += "= " + line + "\n"
		}
		return got
	})
}

func flags(e Entry) string {
	text := ""
	if e.Certain {
		text += " sure"
	}
	if e.Blocks {
		text += " blocks"
	}
	if e.Idle {
		text += " idle"
	}
	if e.Leaked {
		text += " leaked"
	}
	if e.JoinedInto >= 0 {
		text += fmt.Sprintf(" joined into %d", e.JoinedInto)
	}
	return text
}

var setLine = regexp.MustCompile(`(?m)^(local|entry): ?`)

func readSet(t testing.TB, text string) (lines []string, local []Key) {
	t.Helper()
	starts := setLine.FindAllStringSubmatchIndex(text, -1)
	for i, at := range starts {
		end := len(text) + 1
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		value := text[at[1] : end-1]
		if text[at[2]:at[3]] == "entry" {
			lines = append(lines, value)
			continue
		}
		key, ok := validLine(value)
		if !ok {
			t.Fatalf("not a key: %q", value)
		}
		local = append(local, key)
	}
	return lines, local
}

func TestSetResult(t *testing.T) {
	_, line := makeKey(t, "-t", "ed25519")
	tests := map[string]struct {
		lines                    []string
		changes, blocked, leaked bool
		pruned                   []string
	}{
		"nothing":   {nil, false, false, false, []string{}},
		"valid":     {[]string{line}, false, false, false, []string{line}},
		"duplicate": {[]string{line, line + " again"}, false, false, false, []string{line}},
		"useless":   {[]string{"ssh-ed25519 garbage", line}, false, false, false, []string{line}},
		"null":      {[]string{"null", line}, true, true, false, []string{line}},
		"glued":     {[]string{line + " " + line}, true, false, false, []string{line}},
		"private":   {[]string{"-----BEGIN PRIVATE KEY-----", line}, true, true, true, []string{line}},
	}
	for name, tt := range tests {
		r := JudgeSet(tt.lines, nil)
		if r.Changes() != tt.changes || r.Blocked() != tt.blocked || r.Leaked() != tt.leaked {
			t.Errorf("%s: changes %v, blocked %v, leaked %v", name, r.Changes(), r.Blocked(), r.Leaked())
		}
		if diff := cmp.Diff(tt.pruned, r.Lines(true)); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", name, diff)
		}
	}
}

// TestFindings: each is told in whole sentences, and none twice.
func TestFindings(t *testing.T) {
	seen := map[FindingID]bool{}
	for _, f := range allFindings {
		if seen[f.ID] || !strings.HasSuffix(f.Sentence, ".") || f.Weight > Note && f.Remedy == "" {
			t.Errorf("%+v", f)
		}
		seen[f.ID] = true
	}
}
