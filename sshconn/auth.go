package sshconn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"podbay/cleantext"
)

const (
	// maxOffers is how many keys one login offers: at the sixth refusal an
	// OpenSSH server of default settings (MaxAuthTries 6) disconnects, and some
	// servers count the first request, "none", too.
	maxOffers = 5

	maxBannerBytes = 1 << 20 // then the server is not one that wants to log anybody in
	maxBannerParts = 1000
	bannerLines    = 100 // what is kept, cleaned
	bannerCells    = 200
)

// login is one authentication: it decides on each attempt and keeps what was
// learnt. x/crypto calls its methods from the goroutine that dials.
type login struct {
	ctx  context.Context
	conn *netConn
	keys []Key

	offered  []*lazySigner
	skipped  []string
	unusable []string
	methods  []string
	started  bool  // the server answered a request for authentication
	gaveUp   bool  // there is nothing more to try
	question error // a Signer's, which ends the dial

	banner      strings.Builder
	bannerBytes int
	bannerParts int
}

func newLogin(ctx context.Context, conn *netConn, keys []Key) *login {
	l := &login{ctx: ctx, conn: conn}
	seen := map[string]bool{}
	for _, key := range keys {
		if key.Public == nil {
			l.unusable = append(l.unusable, key.Name)
			continue
		}
		blob := string(key.Public.Marshal())
		switch {
		case seen[blob]: // the same key from a file and from the agent
		case signatureAlgorithms(key.Public) == nil:
			l.unusable = append(l.unusable, key.Name)
		default:
			l.keys = append(l.keys, key)
		}
		seen[blob] = true
	}
	return l
}

// next is an ssh.ClientAuthCallback: it names the key to try next.
func (l *login) next(state *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
	l.started = true
	if state.AllowedMethods != nil {
		l.methods = cleanMethods(state.AllowedMethods)
	}
	l.dropUnoffered()
	switch {
	case l.question != nil:
		return nil, l.question
	case l.ctx.Err() != nil:
		return nil, l.ctx.Err()
	case l.conn.broken.Load(), state.AllowedMethods == nil:
		return nil, nil // x/crypto then returns what went wrong
	case len(l.keys) == 0 || !slices.Contains(state.AllowedMethods, "publickey"):
		l.gaveUp = true
		return nil, nil
	case len(l.offered) == maxOffers:
		for _, key := range l.keys {
			l.skipped = append(l.skipped, key.Name)
		}
		l.gaveUp = true
		return nil, nil
	}
	signer := &lazySigner{login: l, key: l.keys[0], algorithms: signatureAlgorithms(l.keys[0].Public)}
	l.keys = l.keys[1:]
	l.offered = append(l.offered, signer)
	return ssh.PublicKeys(signer), nil
}

// dropUnoffered takes the last key off the list of those offered when x/crypto
// found no signature algorithm for it that the server takes, and asked nothing.
func (l *login) dropUnoffered() {
	if n := len(l.offered); n > 0 && !l.offered[n-1].asked {
		l.unusable = append(l.unusable, l.offered[n-1].key.Name)
		l.offered = l.offered[:n-1]
	}
}

// takeBanner is an ssh.BannerCallback. It never returns an error: with one
// x/crypto would stop reading, and a server that goes on sending would keep its
// read loop for ever. Closing the connection ends both.
func (l *login) takeBanner(message string) error {
	l.bannerParts++
	l.bannerBytes += len(message)
	if l.bannerBytes > maxBannerBytes || l.bannerParts > maxBannerParts {
		l.conn.Close()
		return nil
	}
	if l.banner.Len() < bannerLines*bannerCells {
		l.banner.WriteString(message)
	}
	return nil
}

// bannerEndless says that the connection was ended over its banner.
func (l *login) bannerEndless() bool {
	return l.bannerBytes > maxBannerBytes || l.bannerParts > maxBannerParts
}

func (l *login) cleanBanner() string {
	return strings.Join(cleantext.Block(l.banner.String(), bannerLines, bannerCells), "\n")
}

// refused describes a login that found no key.
func (l *login) refused(opts Options, err error) *AuthError {
	l.dropUnoffered()
	e := &AuthError{
		Addr: opts.Addr, User: opts.User,
		Skipped: l.skipped, Unusable: l.unusable, Methods: l.methods,
		Banner: l.cleanBanner(), Err: cleaned(err),
	}
	for _, signer := range l.offered {
		e.Offered = append(e.Offered, signer.attempt())
	}
	if reason, ok := disconnectReason(err); ok {
		e.TooMany = reason.tooMany()
		for _, key := range l.keys {
			e.Skipped = append(e.Skipped, key.Name)
		}
	}
	return e
}

// failures is why signatures could not be made.
func (l *login) failures() []error {
	var all []error
	for _, signer := range l.offered {
		if signer.failure != nil {
			all = append(all, fmt.Errorf("sign with the key %s: %w", signer.key.Name, signer.failure))
		}
	}
	return all
}

// taken is the key that the server took; none when it asked for no key.
func (l *login) taken() (Attempt, bool) {
	if len(l.offered) == 0 {
		return Attempt{}, false
	}
	last := l.offered[len(l.offered)-1].attempt()
	return last, last.Taken
}

// cleanMethods bounds and cleans a server's list of methods.
func cleanMethods(methods []string) []string {
	const most = 16
	cleaned := []string{}
	for _, m := range methods[:min(len(methods), most)] {
		if m = cleantext.Line(m, 40); m != "" {
			cleaned = append(cleaned, m)
		}
	}
	return cleaned
}

// lazySigner offers a key by its public half and opens the private half when
// the server has said that it would take it. It is an ssh.MultiAlgorithmSigner.
type lazySigner struct {
	login      *login
	key        Key
	algorithms []string
	asked      bool // the server was asked for the key
	taken      bool
	failure    error // why no signature could be made
}

// PublicKey returns the public half. x/crypto marshals it into the question
// that it asks the server.
func (s *lazySigner) PublicKey() ssh.PublicKey {
	return markedKey{s.key.Public, s}
}

// Algorithms returns the signature algorithms, best first.
func (s *lazySigner) Algorithms() []string { return s.algorithms }

// Sign signs with the best algorithm.
func (s *lazySigner) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	return s.SignWithAlgorithm(rand, data, s.algorithms[0])
}

// SignWithAlgorithm opens the private half and signs.
func (s *lazySigner) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	s.taken = true
	signature, err := s.sign(rand, data, algorithm)
	if err == nil {
		return signature, nil
	}
	s.failure = err
	var question Question
	if errors.As(err, &question) && question.StopsLogin() {
		s.login.question = fmt.Errorf("sign with the key %s: %w", s.key.Name, err)
	}
	return nil, err
}

func (s *lazySigner) sign(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	if s.key.Signer == nil {
		return nil, errors.New("its private half is not at hand")
	}
	signer, err := s.key.Signer(s.login.ctx)
	if err != nil {
		return nil, err
	}
	if !samePair(signer.PublicKey(), s.key.Public) {
		return nil, errors.New("its private half belongs to another public key: make the .pub file anew with ssh-keygen -y")
	}
	if able, ok := signer.(ssh.AlgorithmSigner); ok {
		return able.SignWithAlgorithm(rand, data, algorithm)
	}
	if strings.HasPrefix(algorithm, "rsa-sha2-") {
		return nil, errors.New("it can sign with SHA-1 only, which is no longer safe")
	}
	return signer.Sign(rand, data)
}

func (s *lazySigner) attempt() Attempt {
	return Attempt{s.key.Name, s.key.Public.Type(), ssh.FingerprintSHA256(s.key.Public), s.taken, cleaned(s.failure)}
}

// samePair compares a signer's public key with the offered one. Behind a
// certificate the signer may show the certificate or the plain key.
func samePair(have, offered ssh.PublicKey) bool {
	if bytes.Equal(have.Marshal(), offered.Marshal()) {
		return true
	}
	cert, ok := offered.(*ssh.Certificate)
	return ok && bytes.Equal(have.Marshal(), cert.Key.Marshal())
}

// markedKey notes that the key was put into a message to the server. x/crypto
// passes over a key in silence when it knows no signature algorithm for it that
// the server takes.
type markedKey struct {
	ssh.PublicKey
	signer *lazySigner
}

func (k markedKey) Marshal() []byte {
	k.signer.asked = true
	return k.PublicKey.Marshal()
}
