package sshkey

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
)

const (
	certLayout = "84ss88sssss" // serial, type, id, principals, after, before, options, extensions, reserved, signer, signature
	certSuffix = "-cert-v01@openssh.com"
)

// typeDSA is x/crypto's InsecureKeyAlgoDSA, which is deprecated there so that
// nobody uses it: here it is recognised, to be refused.
const typeDSA = "ssh-dss"

// layouts has, for each type, the fields after its name: s is a string with its
// length before it, 4 and 8 are numbers of so many bytes (RFC 4253 6.6, RFC 5656
// 3.1, OpenSSH's PROTOCOL.u2f and PROTOCOL.certkeys).
var layouts = makeLayouts()

func makeLayouts() map[string]string {
	all := map[string]string{
		"ssh-ed25519": "s", "ssh-rsa": "ss", "ssh-dss": "ssss",
		"ecdsa-sha2-nistp256": "ss", "ecdsa-sha2-nistp384": "ss", "ecdsa-sha2-nistp521": "ss",
		"ssh-ed448": "s", "ssh-mldsa-44": "s", "ssh-mldsa-65": "s", "ssh-mldsa-87": "s",
	}
	withCerts := []string{"ssh-ed25519", "ssh-rsa", "ssh-dss", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"}
	for _, name := range withCerts {
		all[name+certSuffix] = "s" + all[name] + certLayout
	}
	all["sk-ssh-ed25519@openssh.com"] = "ss"
	all["sk-ecdsa-sha2-nistp256@openssh.com"] = "sss"
	all["sk-ssh-ed25519"+certSuffix] = "sss" + certLayout
	all["sk-ecdsa-sha2-nistp256"+certSuffix] = "ssss" + certLayout
	return all
}

// typeNames is every name that may stand before a key, the longest first: some
// end as others do.
var typeNames = makeTypeNames()

func makeTypeNames() []string {
	// The last two name signatures, but are written before RSA keys too.
	names := []string{"rsa-sha2-256", "rsa-sha2-512"}
	for name := range layouts {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return names
}

// blobStart is the beginning of the base64 of a type's keys.
type blobStart struct{ encoded, typ string }

var blobStarts = makeBlobStarts()

func makeBlobStarts() []blobStart {
	var starts []blobStart
	for _, name := range typeNames {
		if layouts[name] == "" {
			continue
		}
		wire := append(binary.BigEndian.AppendUint32(nil, uint32(len(name))), name...)
		encoded := base64.RawStdEncoding.EncodeToString(wire)
		// The character after these also holds bits of what follows.
		starts = append(starts, blobStart{encoded[:len(wire)*8/6], name})
	}
	return starts
}

// blobMark begins each blob: the first three bytes of a short name's length.
const blobMark = "AAAA"

// blobTypeAt is the type of the key whose base64 begins at the start of text.
func blobTypeAt(text string) string {
	if !strings.HasPrefix(text, blobMark) {
		return ""
	}
	for _, start := range blobStarts {
		if strings.HasPrefix(text, start.encoded) {
			return start.typ
		}
	}
	return ""
}

// holdsBlob reports whether the beginning of a key's base64 is in text.
func holdsBlob(text string) bool {
	for {
		i := strings.Index(text, blobMark)
		if i < 0 {
			return false
		}
		if blobTypeAt(text[i:]) != "" {
			return true
		}
		text = text[i+1:]
	}
}

// typeAt is the type's name that text begins with, in any case.
func typeAt(text string) string {
	if text == "" || strings.IndexByte("sSeErR", text[0]) < 0 {
		return ""
	}
	for _, name := range typeNames {
		if len(text) >= len(name) && strings.EqualFold(text[:len(name)], name) {
			return text[:len(name)]
		}
	}
	return ""
}
