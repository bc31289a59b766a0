package identity

import (
	"context"
	"errors"
	"os"
	"os/exec"
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
		{name: "no jump", text: "Host 203.*\nProxyJump none\nHost *\nProxyJump x\n"},
		{name: "what has no meaning here", text: "HostName example.com\nPort 2222\nUser me\nForwardAgent yes\nUnknownWord x\n"},
		{name: "match all", text: "Match all\nIdentityFile ~/a\n", files: []string{"a"}},
		{name: "match host", text: "Match host x,203.0.*\nIdentityFile ~/a\nMatch host y\nIdentityFile ~/no\n", files: []string{"a"}},
		{name: "a match that runs a program", text: "Match exec \"touch /tmp/x\"\nIdentityFile ~/no\nHost *\nIdentityFile ~/a\n", files: []string{"a"},
			want: hostConfig{notes: []string{`~/.ssh/config line 1: podbay leaves out Match exec "touch /tmp/x"`}}},
		{name: "a match on two things", text: "Match host 203.* user root\nIdentityFile ~/a\nMatch host 203.* user me\nIdentityFile ~/no\nMatch host 203.* !user root\nIdentityFile ~/no\n", files: []string{"a"}},
		{name: "a match that is off whatever the program says", text: "Match host 192.* exec \"true\"\nIdentityFile ~/no\nProxyJump x\n"},
		{name: "lines without sense", text: "Host\n=\n= x\nIdentityFile\nIdentityFile =\n\x00\nIdentityFile ~/a\n", files: []string{"a"}},
		{name: "an include", text: "Include more\nInclude ~/.ssh/d/*.conf missing\nIdentityFile ~/a\n", files: []string{"more", "d1", "d2", "a"}},
		{name: "an include for another host", text: "Host x\nInclude more\n"},
		{name: "an include of itself", text: "Include $HOME/.ssh/config\nIdentityFile ~/a\n", files: []string{"a"},
			want: hostConfig{notes: []string{"~/.ssh/config is included by itself, or one of very many; podbay goes on without it"}}},
		{name: "an include with a match that runs a program", text: "Include exec\nHost *\nProxyJump bastion\nIdentitiesOnly yes\nIdentityFile ~/a\n", files: []string{"a"},
			want: hostConfig{unsupported: "ProxyJump bastion", identitiesOnly: true,
				notes: []string{`~/.ssh/exec line 1: podbay leaves out Match exec "true"`, "IdentitiesOnly yes for this host"}}},
		{name: "a jump in an include", text: "Host 203.*\nInclude jump\n", want: hostConfig{unsupported: "ProxyJump inner"}},
		{name: "a block of an include ends with it", text: "Host 203.*\nInclude foreign\nIdentityFile ~/a\n", files: []string{"a"}},
		{name: "a jump that only ssh can decide on", text: "Match final all\nProxyJump x\n",
			want: hostConfig{unsupported: "ProxyJump x (in a Match that podbay cannot decide)", notes: []string{"~/.ssh/config line 1: podbay leaves out Match final all"}}},
		{name: "a jump beside a line without sense", text: "?? !!\nIdentityAgent\n\"\nProxyJump x\n", want: hostConfig{unsupported: "ProxyJump x"}},
		{name: "a jump, then no command", text: "ProxyJump x\nProxyCommand none\n", want: hostConfig{unsupported: "ProxyJump x"}},
		{name: "no command, then a jump", text: "ProxyCommand none\nProxyJump x\n"},
		{name: "no jump, then a command", text: "ProxyJump none\nProxyJump x\nProxyCommand nc\n", want: hostConfig{unsupported: "ProxyCommand nc"}},
		{name: "a command, then a jump", text: "ProxyCommand nc\nProxyJump x\n", want: hostConfig{unsupported: "ProxyCommand nc"}},
		{name: "quoted patterns", text: "Host \"203.0.113.7\"\nIdentityFile '~/a b'\nHost other \"203.*\"\nIdentitiesOnly \"yes\"\nProxyJump \"none\"\nHost !\"203.0.113.7\" *\nIdentityFile ~/no\n", files: []string{"a b"},
			want: hostConfig{identitiesOnly: true, notes: []string{"IdentitiesOnly yes for this host"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			home := newHome(t)
			write(t, filepath.Join(home, ".ssh", "more"), "IdentityFile ~/more\n")
			write(t, filepath.Join(home, ".ssh", "d", "1.conf"), "Host 203.*\nIdentityFile ~/d1\n")
			write(t, filepath.Join(home, ".ssh", "d", "2.conf"), "IdentityFile ~/d2\n")
			write(t, filepath.Join(home, ".ssh", "exec"), "Match exec \"true\"\nUser x\n")
			write(t, filepath.Join(home, ".ssh", "jump"), "Host 192.*\nProxyJump no\nHost *\nProxyJump inner\n")
			write(t, filepath.Join(home, ".ssh", "foreign"), "Host 192.*\n")
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
		home := t.TempDir()
		if err := os.MkdirAll(filepath.Join(home, ".ssh"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(home, ".ssh", "config"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		finder(home).hostConfig(Query{Host: "h"})
	})
}

// TestProxyAsInOpenSSH holds podbay's reading against that of ssh itself.
func TestProxyAsInOpenSSH(t *testing.T) {
	for _, text := range []string{
		"ProxyJump x\nProxyCommand none\n", "ProxyCommand none\nProxyJump x\n", "ProxyJump none\nProxyCommand nc\n",
		"ProxyJump none\nProxyJump x\n", "ProxyJump none\nProxyJump x\nProxyCommand nc\n",
		"ProxyCommand nc a b\nProxyJump x\n", "Host \"203.0.113.7\"\nProxyJump x\n", "Host \"203.0.113.8\" '203.0.*'\nProxyJump x\n",
		"Host=203.*\nProxyJump=x\n", "Host !\"203.0.113.7\" *\nProxyJump x\n", "Host * # 192.*\nProxyJump x # y\n",
		"Match host 203.* user root\nProxyJump x\n", "Match host 203.* user me\nProxyJump x\n", "Match originalhost \"203.*,x\"\nProxyJump x\n",
		"Match !host 203.*\nProxyJump x\n", "Match host 192.* exec true\nProxyJump x\n", "Match final all\nProxyJump x\n",
		"Host 203.*\nInclude $HOME/.ssh/more\nProxyJump y\n", "Host 192.*\nInclude $HOME/.ssh/more\nHost *\nProxyJump y\n",
	} {
		home := newHome(t)
		write(t, filepath.Join(home, ".ssh", "more"), "Host 192.*\nProxyJump w\nHost 203.*\nProxyJump x\n")
		text = strings.ReplaceAll(text, "$HOME", home)
		path := filepath.Join(home, ".ssh", "config")
		write(t, path, text)
		out, err := exec.Command("ssh", "-G", "-F", path, "root@203.0.113.7").Output()
		if err != nil {
			t.Fatalf("ssh -G on %q: %v", text, err)
		}
		want := ""
		for line := range strings.Lines(string(out)) {
			if keyword, value, _ := strings.Cut(strings.TrimSpace(line), " "); keyword == "proxyjump" || keyword == "proxycommand" {
				want = value
			}
		}
		_, got, _ := strings.Cut(finder(home).hostConfig(Query{Host: "203.0.113.7", User: "root"}).unsupported, " ")
		if got, _, _ = strings.Cut(got, " (in a Match"); got != want {
			t.Errorf("%q: podbay reads %q, ssh %q", text, got, want)
		}
	}
}
