package identity

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSSHConfig(t *testing.T) {
	tests := []struct {
		name, text string
		files      []string // below home
		want       hostConfig
	}{
		{name: "none of it for this host", text: "Host other\n IdentityFile ~/no\n IdentitiesOnly yes\n ProxyJump x\n"},
		{name: "files in order", text: "IdentityFile ~/a\nHost 203.0.113.*\n\tIdentityFile ~/b\nHost *\nIdentityFile=\"~/c d\"\n", files: []string{"a", "b", "c d"}},
		{name: "a negated pattern", text: "Host * !203.0.113.7\nIdentityFile ~/no\n"},
		{name: "tabs between patterns", text: "Host\tx\t203.0.113.7\nIdentityFile ~/a\n", files: []string{"a"}},
		{name: "CRLF and BOM", text: "\ufeffHost *\r\n  IdentityFile ~/a\r\n\r\n# IdentityFile ~/no\r\n", files: []string{"a"}},
		{name: "keywords in any case", text: "HOST *\nidentityFILE ~/a\n", files: []string{"a"}},
		{name: "no newline at the end", text: "Host *\nIdentityFile ~/a", files: []string{"a"}},
		{name: "a trailing comment", text: "IdentityFile ~/a # mine\n", files: []string{"a"}},
		{name: "tokens", text: "IdentityFile %d/%h-%n-%r%%\n", files: []string{"203.0.113.7-203.0.113.7-root%"}},
		{name: "a variable", text: "IdentityFile ${KEYS}/a\n", files: []string{"keys/a"}},
		{name: "an unset variable", text: "IdentityFile ${NOPE}/a\nIdentityFile ~/a\n", files: []string{"a"},
			want: hostConfig{notes: []string{"IdentityFile ${NOPE}/a: ${NOPE} is not set; podbay goes on without it"}}},
		{name: "an unknown token", text: "IdentityFile ~/%C\n",
			want: hostConfig{notes: []string{"IdentityFile ~/%C: %C is not known to podbay; podbay goes on without it"}}},
		{name: "no file", text: "IdentityFile none\n", want: hostConfig{noFiles: true, notes: []string{"IdentityFile none for this host"}}},
		{name: "no file and one", text: "IdentityFile none\nIdentityFile ~/a\n", files: []string{"a"}},
		{name: "identities only", text: "Host 203.*\nIdentitiesOnly yes\nHost *\nIdentitiesOnly no\n",
			want: hostConfig{identitiesOnly: true, notes: []string{"IdentitiesOnly yes for this host"}}},
		{name: "the first value holds", text: "IdentitiesOnly no\nIdentitiesOnly yes\n"},
		{name: "agent none", text: "IdentityAgent none\n", want: hostConfig{agentNamed: true, notes: []string{"IdentityAgent none for this host"}}},
		{name: "agent by its variable", text: "IdentityAgent $MY_AGENT\n", want: hostConfig{agentNamed: true, agent: "/run/mine", notes: []string{"IdentityAgent $MY_AGENT for this host"}}},
		{name: "agent by path", text: "IdentityAgent /run/%r\n", want: hostConfig{agentNamed: true, agent: "/run/root", notes: []string{"IdentityAgent /run/%r for this host"}}},
		{name: "the usual agent", text: "IdentityAgent SSH_AUTH_SOCK\n"},
		{name: "a jump", text: "ProxyJump bastion\x1b[2J\n", want: hostConfig{unsupported: "ProxyJump bastion"}},
		{name: "a command", text: "ProxyCommand nc -x p:1080 %h %p\n", want: hostConfig{unsupported: "ProxyCommand nc -x p:1080 %h %p"}},
		{name: "no jump", text: "Host 203.*\nProxyJump none\nHost *\nProxyCommand nc\n"},
		{name: "what has no meaning here", text: "HostName example.com\nPort 2222\nUser me\nForwardAgent yes\nUnknownWord x\n"},
		{name: "match all", text: "Match all\nIdentityFile ~/a\n", files: []string{"a"}},
		{name: "match host", text: "Match host x,203.0.*\nIdentityFile ~/a\nMatch host y\nIdentityFile ~/no\n", files: []string{"a"}},
		{name: "a match that runs a program", text: "Match exec \"touch /tmp/x\"\nIdentityFile ~/no\nHost *\nIdentityFile ~/a\n", files: []string{"a"},
			want: hostConfig{notes: []string{`~/.ssh/config line 1: podbay leaves out Match exec "touch /tmp/x"`}}},
		{name: "a match on two things", text: "Match host 203.* user root\nIdentityFile ~/no\n",
			want: hostConfig{notes: []string{"~/.ssh/config line 1: podbay leaves out Match host 203.* user root"}}},
		{name: "lines without sense", text: "Host\n=\n= x\nIdentityFile\nIdentityFile =\n\x00\nIdentityFile ~/a\n", files: []string{"a"}},
		{name: "an include", text: "Include more\nInclude ~/.ssh/d/*.conf missing\nIdentityFile ~/a\n", files: []string{"more", "d1", "d2", "a"}},
		{name: "an include for another host", text: "Host x\nInclude more\n"},
		{name: "an include of itself", text: "Include $HOME/.ssh/config\nIdentityFile ~/a\n",
			want: hostConfig{notes: []string{"~/.ssh/config cannot be understood (ssh_config: max recurse depth exceeded); podbay goes on without it"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			home := newHome(t)
			write(t, filepath.Join(home, ".ssh", "more"), "IdentityFile ~/more\n")
			write(t, filepath.Join(home, ".ssh", "d", "1.conf"), "Host 203.*\nIdentityFile ~/d1\n")
			write(t, filepath.Join(home, ".ssh", "d", "2.conf"), "IdentityFile ~/d2\n")
			write(t, filepath.Join(home, ".ssh", "config"), strings.ReplaceAll(tt.text, "$HOME", home))
			f := finder(home, "MY_AGENT=/run/mine", "KEYS="+filepath.Join(home, "keys"))
			got := f.hostConfig(Query{Host: "203.0.113.7", User: "root"})
			for _, file := range tt.files {
				tt.want.files = append(tt.want.files, filepath.Join(home, file))
			}
			if !slices.Equal(got.files, tt.want.files) || !slices.Equal(got.notes, tt.want.notes) {
				t.Errorf("got  %q %q\nwant %q %q", got.files, got.notes, tt.want.files, tt.want.notes)
			}
			got.files, got.notes, tt.want.files, tt.want.notes = nil, nil, nil, nil
			if got.noFiles != tt.want.noFiles || got.identitiesOnly != tt.want.identitiesOnly || got.agentNamed != tt.want.agentNamed ||
				got.agent != tt.want.agent || got.unsupported != tt.want.unsupported {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestSSHConfigThatCannotBeRead(t *testing.T) {
	home := newHome(t)
	if err := os.Mkdir(filepath.Join(home, ".ssh", "config"), 0o700); err != nil {
		t.Fatal(err)
	}
	set := find(t, finder(home))
	if len(set.Notes) != 1 || !strings.Contains(set.Notes[0], "~/.ssh/config is a folder") {
		t.Errorf("%q", set.Notes)
	}
}

func TestFindTellsWhatTheConfigSays(t *testing.T) {
	home := newHome(t)
	keygen(t, filepath.Join(home, ".ssh", "id_ed25519"), "-t", "ed25519", "-N", "")
	key := filepath.Join(home, "loaded")
	keygen(t, key, "-t", "ed25519", "-N", "")
	socket := startAgent(t, key)
	f := finder(home, "SSH_AUTH_SOCK=/nowhere", "OTHER="+socket)

	write(t, filepath.Join(home, ".ssh", "config"), "IdentityAgent $OTHER\nProxyJump bastion\nIdentityFile none\n")
	set := find(t, f)
	if got := names(set); !slices.Equal(got, []string{"agent loaded@test"}) || set.AgentErr != nil || set.Unsupported != "ProxyJump bastion" || len(set.Notes) != 2 {
		t.Errorf("%q %+v", got, set)
	}
	write(t, filepath.Join(home, ".ssh", "config"), "IdentityAgent none\n")
	set = find(t, f)
	if got := names(set); !slices.Equal(got, []string{"file ~/.ssh/id_ed25519"}) || set.AgentErr != nil {
		t.Errorf("%q, %v", got, set.AgentErr)
	}
}

func TestFindEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := finder(newHome(t)).Find(ctx, Query{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func FuzzSSHConfig(f *testing.F) {
	f.Add([]byte("Host *\n\tIdentityFile ~/a\nMatch host x,y\nProxyJump z\n"))
	f.Add([]byte("=\nHost\r\nIdentityFile \"\n%"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if strings.Contains(strings.ToLower(string(data)), "include") {
			return // would read this machine's files
		}
		text, _ := prepare(data, "/nowhere/.ssh")
		file, err := decodeConfig(text)
		if err != nil {
			return
		}
		var c hostConfig
		c.identities(finder("/nowhere"), Query{Host: "h"}, file)
		proxy(file, "h")
	})
}
