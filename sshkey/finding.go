package sshkey

import "slices"

// FindingID names a finding. The names are stable: they are what --json prints.
type FindingID string

// Weight orders findings, the lightest first.
type Weight int

const (
	// Fine needs nothing.
	Fine Weight = iota
	// Note is good to know; the key works.
	Note
	// Weak is a key that works and should be replaced.
	Weak
	// Mendable is a mistake; Mended holds what was meant.
	Mendable
	// Fatal is a text, or a part of one, that cannot become a key that works.
	Fatal
)

// String is the weight's name, as --json prints it.
func (w Weight) String() string {
	return [...]string{"fine", "note", "weak", "mendable", "fatal"}[w]
}

// Finding is one thing that was noticed about a text. Its texts never hold any
// part of the text that was judged.
type Finding struct {
	ID       FindingID
	Sentence string // what it is: "A fingerprint is registered instead of the key."
	Remedy   string // what to do next; "" when nothing needs to be done
	Weight   Weight
}

// Fatal reports whether the finding keeps a key from working.
func (f Finding) Fatal() bool { return f.Weight == Fatal }

// What can be found.
const (
	Valid FindingID = "valid"

	SecurityKey FindingID = "security-key"
	TooNew      FindingID = "too-new"
	RSAWeak     FindingID = "rsa-weak"
	PrintOfOwn  FindingID = "fingerprint-of-own-key"
	Duplicate   FindingID = "duplicate"
	Extra       FindingID = "extra-text"
	Piece       FindingID = "piece"

	TypeMissing  FindingID = "type-missing"
	TypeMismatch FindingID = "type-mismatch"
	SeveralKeys  FindingID = "several-keys"
	Glued        FindingID = "glued"
	Broken       FindingID = "broken-over-lines"
	Padding      FindingID = "padding"
	Trailing     FindingID = "trailing-garbage"
	Options      FindingID = "options"
	Wrapped      FindingID = "wrapped"
	Spaces       FindingID = "spaces"
	Invisible    FindingID = "invisible-characters"
	Typography   FindingID = "typography"
	HTML         FindingID = "html"
	URLEncoded   FindingID = "url-encoded"
	Escaped      FindingID = "escaped"
	Encoded      FindingID = "encoded-twice"
	LineEndings  FindingID = "line-endings"
	UTF16        FindingID = "utf-16"
	RFC4716      FindingID = "rfc4716"
	PEMPublic    FindingID = "pem-public"
	PuTTY        FindingID = "putty"
	Certificate  FindingID = "certificate"
	Tidied       FindingID = "tidied"

	Empty        FindingID = "empty"
	Placeholder  FindingID = "placeholder"
	Print        FindingID = "fingerprint"
	Path         FindingID = "path"
	Command      FindingID = "command"
	SSHConfig    FindingID = "ssh-config"
	KnownHosts   FindingID = "known-hosts"
	Authority    FindingID = "cert-authority"
	CommentedOut FindingID = "commented-out"
	BlobMissing  FindingID = "key-missing"
	Truncated    FindingID = "truncated"
	Damaged      FindingID = "damaged"
	DSA          FindingID = "dsa"
	RSATooSmall  FindingID = "rsa-too-small"
	Unsupported  FindingID = "unsupported"
	Unreadable   FindingID = "unreadable"
	TooLong      FindingID = "too-long"
	TooMany      FindingID = "too-many"
	PuTTYPrivate FindingID = "putty-private"
	Private      FindingID = "private-key"
)

// allFindings is every finding, those of equal weight in the order in which they
// are told.
var allFindings = []Finding{
	{Private, "This is a private key. It must never leave your machine; if it was registered or sent to anyone, it must be considered leaked.",
		"Register the public key (the .pub file) instead. If it was registered: make a new key, and remove the old one wherever it is trusted.", Fatal},
	{PuTTYPrivate, "This PuTTY file holds the private key as well. If it was registered or sent to anyone, it must be considered leaked.",
		"Only its public half is used here. If the file was registered: make a new key, and remove the old one wherever it is trusted.", Mendable},
	{TooLong, "This is longer than any set of keys that podbay reads.", "Name the .pub file of one key.", Fatal},
	{TooMany, "There are more keys in this text than podbay reads at once.", "Give the keys in smaller parts.", Fatal},
	{KnownHosts, "This is a line of known_hosts: the key of a server, not of a person.",
		"Register your own public key; do not register a server's, whose owner could then log in to your pods.", Fatal},
	{Authority, "This is the key of a certificate authority, which RunPod has no place for.",
		"Register your own public key; without its option this key would let its owner log in by itself.", Fatal},
	{DSA, "DSA keys are refused by OpenSSH's servers.", "Make a new key: ssh-keygen -t ed25519", Fatal},
	{RSATooSmall, "RSA keys below 1024 bits are refused by OpenSSH's servers.", "Make a new key: ssh-keygen -t ed25519", Fatal},
	{Truncated, "The key is cut off: its end is missing.", "Copy the whole line from the .pub file, or name the file.", Fatal},
	{Damaged, "The key is damaged: characters in it are wrong or missing.", "Copy the whole line from the .pub file, or name the file.", Fatal},
	{BlobMissing, "There is a key type, but no key after it.", "Copy the whole line from the .pub file, or name the file.", Fatal},
	{Print, "This is the fingerprint of a key, not the key.", "Register the key itself: the line in the .pub file. It cannot be made from its fingerprint.", Fatal},
	{CommentedOut, "The key stands after a #, which makes its line a comment.", "Take the # away to use the key.", Fatal},
	{Unsupported, "This is a kind of key that OpenSSH's servers do not take.", "Make a new key: ssh-keygen -t ed25519", Fatal},
	{Path, "This is the name of a file, not the key in it.", "Give the content of the .pub file, or name the file where podbay asks for a file.", Fatal},
	{SSHConfig, "This is from an SSH configuration file.", "Give the content of the .pub file beside the IdentityFile that it names.", Fatal},
	{Command, "This is a command, not what it prints.", "Run it, and give the line that begins with ssh-.", Fatal},
	{Placeholder, "This stands for a key, but is none: a variable or a literal such as null.", "Register the line in the .pub file.", Fatal},
	{Empty, "There is nothing here.", "Register the line in the .pub file.", Fatal},
	{Unreadable, "There is no public key in this text.", "A public key is one line: a type such as ssh-ed25519, the key, a comment. It is in the .pub file.", Fatal},

	{PrintOfOwn, "A fingerprint is registered instead of the key.", "It is the fingerprint of a key on this machine, which takes its place.", Mendable},
	{Certificate, "This is a certificate, which a pod does not take in place of a key.",
		"Register the plain key that the certificate was made for; the same private key logs in with it.", Mendable},
	{Trailing, "Characters follow the key without a space.", "Compare the fingerprint with that of your key: ssh-keygen -lf FILE", Mendable},
	{TypeMismatch, "The type before the key is not the type of the key.", "The key itself names its type: that one is used.", Mendable},
	{TypeMissing, "The type before the key is missing.", "The key itself names its type, which is put before it.", Mendable},
	{Glued, "Keys are glued together without a line break, so that only the first works.", "They are put on lines of their own.", Mendable},
	{SeveralKeys, "Several keys stand on one line, so that only the first works.", "They are put on lines of their own.", Mendable},
	{Broken, "The key is broken by line breaks or spaces.", "Its pieces are joined.", Mendable},
	{Options, "Options for authorized_keys stand before the key, which RunPod does not take.", "They are taken away: the restrictions they make are lost on RunPod.", Mendable},
	{RFC4716, "This is a public key in SSH2 (RFC 4716) format.", "It is converted to OpenSSH's format.", Mendable},
	{PEMPublic, "This is a public key in PEM format.", "It is converted to OpenSSH's format.", Mendable},
	{PuTTY, "This is a PuTTY key file.", "Its public half is converted to OpenSSH's format.", Mendable},
	{Wrapped, "The key stands within other text, such as quotes or a command.", "The text around it is taken away.", Mendable},
	{HTML, "The text was copied from the source of a web page.", "It is decoded.", Mendable},
	{URLEncoded, "The text is encoded as in a web address.", "It is decoded.", Mendable},
	{Encoded, "The whole line is encoded in base64 once more.", "It is decoded.", Mendable},
	{Escaped, "The text has escapes such as \\n in it, as in JSON or a variable.", "They are decoded.", Mendable},
	{UTF16, "The text is in UTF-16, as PowerShell writes files.", "It is decoded.", Mendable},
	{Invisible, "There are invisible characters in the line.", "They are taken away.", Mendable},
	{Typography, "A word processor put its own quotes or dashes into the line.", "They are replaced.", Mendable},
	{Spaces, "There are other spaces in the line than the single ones that RunPod takes.", "They are replaced.", Mendable},
	{Padding, "The base64 of the key does not end as it should.", "The key's own length shows that it is complete; the end is written anew.", Mendable},
	{LineEndings, "The lines end as on Windows or old Macs.", "The line ends are replaced.", Mendable},
	{Extra, "Text that is no key stands beside the key.", "It is left out.", Mendable},
	{Tidied, "The line is not written as RunPod takes it.", "It is written anew.", Mendable},

	{RSAWeak, "RSA keys below 2048 bits are weak, and newer servers refuse them.", "Make a new key: ssh-keygen -t ed25519", Weak},
	{TooNew, "This type of key is newer than the SSH servers of most images.", "Register an ed25519 key beside it: ssh-keygen -t ed25519", Weak},

	{Duplicate, "The same key is there once more, maybe with another comment.", "", Note},
	{SecurityKey, "This key lives on a security key: each login asks for a touch, and the pod's OpenSSH must be 8.2 or newer.",
		"Sign in through an SSH agent that can reach the security key.", Note},
	{Piece, "This is a piece of the entry before it.", "It is joined with it.", Mendable},

	{Valid, "The key is valid.", "", Fine},
}

// byID is the findings of ids, each once, the heaviest first.
func byID(ids []FindingID) []Finding {
	var found []Finding
	for _, finding := range allFindings {
		if slices.Contains(ids, finding.ID) {
			found = append(found, finding)
		}
	}
	slices.SortStableFunc(found, func(a, b Finding) int { return int(b.Weight - a.Weight) })
	return found
}
