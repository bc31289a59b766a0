package runpod

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	edPrint  = "SHA256:75EGigx5lVc7n6i0pgO2sEcgv4ZVH9ZHNG1BBSGNaiM"
	rsaPrint = "SHA256:mpl6KB4ctqqC4tSN2qQ1Yzs30wZhfKbf2dfBHZ3orEM"
	ecPrint  = "SHA256:X9ihKWT55cpzXa0gj0Z8ESitqA8/Gjmb7aGDLb5eDqQ"
)

// booted is what the start script of RunPod's images prints, with jupyter.
const booted = `Starting Nginx service...
 * Starting nginx nginx
   ...done.
Pod Started
Setting up SSH...
RSA key fingerprint:
3072 ` + rsaPrint + ` root@c9b5a7d0e1f2 (RSA)
ECDSA key fingerprint:
256 ` + ecPrint + ` root@c9b5a7d0e1f2 (ECDSA)
ED25519 key fingerprint:
256 ` + edPrint + ` root@c9b5a7d0e1f2 (ED25519)
 * Starting OpenBSD Secure Shell server sshd
   ...done.
SSH host keys:
Key: /etc/ssh/ssh_host_ecdsa_key.pub
256 ` + ecPrint + ` root@c9b5a7d0e1f2 (ECDSA)
Key: /etc/ssh/ssh_host_ed25519_key.pub
256 ` + edPrint + ` root@c9b5a7d0e1f2 (ED25519)
Key: /etc/ssh/ssh_host_rsa_key.pub
3072 ` + rsaPrint + ` root@c9b5a7d0e1f2 (RSA)
Starting Jupyter Lab...
Jupyter Lab started
Exporting environment variables...
Start script(s) finished, Pod is ready to use.
`

var all = []LoggedHostKey{{"ECDSA", ecPrint}, {"ED25519", edPrint}, {"RSA", rsaPrint}}

// readText gives text to a reader, line by line.
func readText(text string) (said HostKeyLog, lines int) {
	var r hostKeyReader
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		lines++
		if r.line(line) {
			break
		}
	}
	return r.result(whyNone), lines
}

func TestHostKeyReader(t *testing.T) {
	swap := func(from, to string) string {
		if !strings.Contains(booted, from) {
			t.Fatalf("%q is not in the log", from)
		}
		head, list, _ := strings.Cut(booted, hostKeysHeader)
		return head + hostKeysHeader + strings.Replace(list, from, to, 1)
	}
	ed := "Key: /etc/ssh/ssh_host_ed25519_key.pub\n256 " + edPrint + " root@c9b5a7d0e1f2 (ED25519)\n"
	for name, c := range map[string]struct {
		text string
		keys []LoggedHostKey
		why  string
	}{
		"whole":                    {booted, all, ""},
		"without what was made":    {booted[strings.Index(booted, hostKeysHeader):], all, ""},
		"a comment of words":       {swap("root@c9b5a7d0e1f2 (ED", "my own (key) here (ED"), all, ""},
		"no comment":               {swap("root@c9b5a7d0e1f2 (ED", "no comment (ED"), all, ""},
		"an authority's key":       {swap(ed, strings.Replace(ed, "ssh_host_ed25519_key", "user_ca", 1)), []LoggedHostKey{all[0], all[2]}, ""},
		"a certificate":            {swap(ed, "Key: /etc/ssh/ssh_host_ed25519_key-cert.pub\n256 "+edPrint+" x (ED25519-CERT)\n"), []LoggedHostKey{all[0], all[2]}, ""},
		"nothing":                  {"", nil, whyNone},
		"none printed":             {"Pod Started\nStart script(s) finished, Pod is ready to use.\n", nil, whyNone},
		"printed too late":         {startFinished + "\n" + booted, nil, whyNone},
		"only what was made":       {booted[:strings.Index(booted, hostKeysHeader)], nil, whyNone},
		"no header":                {strings.Replace(booted, hostKeysHeader, "SSH host keys", 1), nil, whyNone},
		"header with a space":      {strings.Replace(booted, hostKeysHeader, hostKeysHeader+" ", 1), nil, whyNone},
		"header in a word":         {strings.Replace(booted, hostKeysHeader, "x"+hostKeysHeader, 1), nil, whyNone},
		"header in small letters":  {strings.Replace(booted, hostKeysHeader, strings.ToLower(hostKeysHeader), 1), nil, whyNone},
		"cut behind the header":    {booted[:strings.Index(booted, "Key: ")], nil, whyCut},
		"cut behind a path":        {booted[:strings.Index(booted, "Key: ")+40], nil, whyCut},
		"cut behind a key":         {booted[:strings.Index(booted, "Starting Jupyter")], nil, whyCut},
		"a line in between":        {swap(".pub\n256", ".pub\nhello\n256"), nil, whyCut},
		"two paths":                {swap("Key: /etc/ssh/ssh_host_ed", "Key: /etc/ssh/x.pub\nKey: /etc/ssh/ssh_host_ed"), nil, whyCut},
		"path out of the folder":   {swap("/etc/ssh/ssh_host_ec", "/etc/ssh/../ssh_host_ec"), nil, whyCut},
		"no file matched":          {"SSH host keys:\nKey: /etc/ssh/*.pub\nssh-keygen: /etc/ssh/*.pub: No such file or directory\n", nil, whyCut},
		"another folder":           {swap("/etc/ssh/ssh_host_rsa", "/tmp/ssh/ssh_host_rsa"), nil, whyCut},
		"a line between two keys":  {swap("Key: /etc/ssh/ssh_host_rsa", "hello\nKey: /etc/ssh/ssh_host_rsa"), nil, whyCut},
		"lines between two keys":   {swap("Key: /etc/ssh/ssh_host_rsa", "a\nb\nc\nKey: /etc/ssh/ssh_host_rsa"), nil, whyCut},
		"another image's end":      {booted[:strings.Index(booted, "Starting Jupyter")] + "ready\n", all, ""},
		"another image's words":    {swap("Starting Jupyter Lab...", "one\ntwo"), all, ""},
		"many words, then a key":   {swap("Starting Jupyter Lab...", strings.Repeat("x\n", maxAfter)+"Key: /etc/ssh/x.pub"), all, ""},
		"MD5":                      {swap(ecPrint, "MD5:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff"), nil, whyCut},
		"short fingerprint":        {swap(ecPrint, ecPrint[:48]), nil, whyCut},
		"long fingerprint":         {swap(ecPrint, ecPrint+"A"), nil, whyCut},
		"fingerprint with padding": {swap(ecPrint, ecPrint+"="), nil, whyCut},
		"not a digest's base64":    {swap(ecPrint, ecPrint[:len(ecPrint)-1]+"R"), nil, whyCut},
		"size that is none":        {swap("256 "+ecPrint, "257 "+ecPrint), nil, whyCut},
		"RSA that is too small":    {swap("3072 ", "512 "), nil, whyCut},
		"words before":             {swap("256 "+ecPrint, "key 256 "+ecPrint), nil, whyCut},
		"words behind":             {swap("(ECDSA)", "(ECDSA) "), nil, whyCut},
		"control characters":       {swap("root@c9b5a7d0e1f2 (ECDSA)", "a\x1b[2K (ECDSA)"), nil, whyCut},
		"carriage return":          {swap("root@c9b5a7d0e1f2 (ECDSA)", "a\r (ECDSA)"), nil, whyCut},
		"type of another path":     {swap("(ECDSA)", "(RSA)"), nil, whyCut},
		"path of another type":     {swap("ssh_host_ecdsa", "ssh_host_dsa"), nil, whyConflict},
		"one path twice":           {swap("Key: /etc/ssh/ssh_host_rsa", ed+"Key: /etc/ssh/ssh_host_rsa"), nil, whyConflict},
		"another was made":         {swap(edPrint, rsaPrint), nil, whyConflict},
		"header only":              {"SSH host keys:\nExporting environment variables...\n", nil, whyNoKeys},
		"first list counts":        {"SSH host keys:\n" + ed + "\n" + booted, []LoggedHostKey{all[1]}, ""},
		"first list cut":           {"SSH host keys:\nKey: /etc/ssh/x.pub\n" + booted, nil, whyCut},
	} {
		t.Run(name, func(t *testing.T) {
			said, _ := readText(c.text)
			if diff := cmp.Diff(HostKeyLog{c.keys, c.why}, said); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// What comes after the list is not looked at.
func TestHostKeyReaderStops(t *testing.T) {
	_, lines := readText(booted + booted)
	if want := strings.Count(booted[:strings.Index(booted, "Starting Jupyter")], "\n") + 1; lines != want {
		t.Errorf("it read %d lines, want %d", lines, want)
	}
}

func FuzzHostKeyLog(f *testing.F) {
	f.Add(booted)
	f.Add("SSH host keys:\nKey: /etc/ssh/ssh_host_rsa_key.pub\n3072 " + rsaPrint + " no comment (RSA)\n\n")
	f.Add("SSH host keys:\nKey: /etc/ssh/*.pub\nssh-keygen: No such file\n")
	f.Add("RSA key fingerprint:\nSSH host keys:\r\nKey: /etc/ssh/a.pub\x00\n")
	f.Fuzz(func(t *testing.T, text string) {
		said, _ := readText(text)
		if (len(said.Keys) > 0) == (said.Why != "") {
			t.Fatalf("keys and a reason, or neither: %+v", said)
		}
		lines := strings.Split(text, "\n")
		const most = 100 // of which each beginning is read too
		header := slices.Index(lines, hostKeysHeader)
		for _, key := range said.Keys {
			if header < 0 || len(key.Fingerprint) != len(edPrint) {
				t.Errorf("%+v of %q", key, text)
			}
			if !slices.ContainsFunc(lines[header:], func(line string) bool {
				return strings.Contains(line, " "+key.Fingerprint+" ") && strings.HasSuffix(line, "("+key.Type+")")
			}) {
				t.Errorf("%+v is on no line of %q", key, text)
			}
		}
		if finished := slices.Index(lines, startFinished); said.Keys != nil && finished >= 0 && finished < header {
			t.Errorf("a list after the start script's end was taken: %q", text)
		}
		// Whatever is written later never makes another list: at most it takes this one
		// away. Nor does what is cut off.
		if later, _ := readText(text + "\n" + booted); said.Keys != nil && later.Keys != nil && !slices.Equal(later.Keys, said.Keys) {
			t.Errorf("%+v became %+v", said, later)
		}
		for cut := range min(len(lines), most) {
			if part, _ := readText(strings.Join(lines[:cut], "\n")); part.Keys != nil && said.Keys != nil && !slices.Equal(part.Keys, said.Keys) {
				t.Errorf("cut after %d lines: %+v, whole %+v", cut, part, said)
			}
		}
	})
}
