package sshkey

import (
	"strings"
	"testing"
)

// seeds are the texts of a corpus file.
func seeds(f *testing.F, path string) (texts []string) {
	f.Helper()
	c := readCorpus(f, path)
	for _, file := range c.archive.Files {
		if file.Name == "keys" {
			continue
		}
		text, _, _ := strings.Cut("\n"+string(file.Data), "\n"+arrow)
		texts = append(texts, c.expand.Replace(strings.TrimPrefix(text, "\n")))
	}
	return texts
}

// FuzzJudge: no panic, and what is promised of every Result.
func FuzzJudge(f *testing.F) {
	for _, text := range seeds(f, "testdata/judge.txtar") {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkResult(t, text, Judge(text))
	})
}

// FuzzJudgeSet takes one entry a line; "local: " begins a key of this machine.
func FuzzJudgeSet(f *testing.F) {
	for _, text := range seeds(f, "testdata/sets.txtar") {
		f.Add(strings.ReplaceAll(text, "entry: ", ""))
	}
	f.Fuzz(func(t *testing.T, text string) {
		var lines []string
		var local []Key
		for line := range strings.SplitSeq(text, "\n") {
			own, found := strings.CutPrefix(line, "local: ")
			if key, ok := validLine(own); found && ok {
				local = append(local, key)
				continue
			}
			lines = append(lines, line)
		}
		checkSet(t, lines, local, JudgeSet(lines, local))
	})
}

// FuzzFiles puts text into the files that are converted: the formats' readers see
// more of it than when the fuzzer must keep their marks alive.
func FuzzFiles(f *testing.F) {
	for _, text := range seeds(f, "testdata/judge.txtar") {
		if body := beginMark.Split(text, 2); len(body) == 2 {
			f.Add(uint8(len(text)), "Comment: \"me\\\nyou\"", endMark.Split(body[1], 2)[0])
		}
		if lines := ppkLines.Split(text, 2); len(lines) == 2 {
			f.Add(uint8(0), "me@host", strings.Split(lines[1], "Private-Lines")[0])
		}
	}
	f.Fuzz(func(t *testing.T, format uint8, comment, body string) {
		marked := func(label string) string {
			return "-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n"
		}
		text := []string{
			"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: " + comment + "\nPublic-Lines: 2\n" + body,
			"---- BEGIN SSH2 PUBLIC KEY ----\n" + comment + "\n" + body + "\n---- END SSH2 PUBLIC KEY ----\n",
			marked("PUBLIC KEY"), marked("RSA PUBLIC KEY"), marked("OPENSSH PRIVATE KEY"),
		}[int(format)%5]
		checkResult(t, text, Judge(text))
		lines := strings.Split(text, "\n")
		checkSet(t, lines, nil, JudgeSet(lines, nil))
	})
}
