package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"podbay/manager"
)

func (a *app) sshCommand() *cobra.Command {
	var (
		proxy   bool
		keep    bool
		jump    string
		options []string
	)
	cmd := &cobra.Command{
		Use:        "ssh POD",
		SuggestFor: []string{"attach", "connect", "shell"},
		Short:      "Open a shell on a pod, by its name or ID",
		Long: `Open a shell on a pod, by its name or ID, or by how only one of them
begins.

The exit code is the remote shell's own. Inside the shell, after a
newline, ~. ends the session and ~? tells what else there is, as in
OpenSSH. Where the pod has tmux, a shell can be kept alive over a bad
line, and ~d or ~. leaves it running: podbay asks once a pod, and podbay
ssh POD comes back to what was left.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("which pod? podbay ssh POD takes one name or ID; podbay ls shows them")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case jump != "":
				return usageError{errors.New("podbay does not jump: it connects to pods by itself; for a jump host use: ssh -J " + jump + " with the command that podbay ls --json shows")}
			case len(options) > 0:
				return usageError{errors.New("podbay takes no ssh options: put IdentityFile and the like into ~/.ssh/config, or use ssh with the command that podbay ls --json shows")}
			case !a.onTerminal():
				return usageError{errors.New("podbay ssh opens a shell and needs a terminal; in scripts use ssh with the command that podbay ls --json shows")}
			}
			via := manager.RouteKind("")
			if proxy {
				via = manager.RouteProxy
			}
			req := manager.ConnectRequest{Via: via}
			if cmd.Flags().Changed("keep") {
				req.Keep = manager.KeepNo
				if keep {
					req.Keep = manager.KeepYes
				}
			}
			return a.runSSH(cmd.Context(), args[0], req)
		},
	}
	cmd.Flags().BoolVar(&proxy, "proxy", false, "go by RunPod's proxy, even where a direct way exists")
	cmd.Flags().BoolVar(&keep, "keep", false, "keep shells on this pod alive over a bad line from now on, or with --keep=false do not")
	cmd.Flags().StringVarP(&jump, "jump", "J", "", "")
	cmd.Flags().StringArrayVarP(&options, "option", "o", nil, "")
	for _, name := range []string{"jump", "option"} {
		if err := cmd.Flags().MarkHidden(name); err != nil {
			panic(err) // a flag that was not defined above: a mistake in this function
		}
	}
	return cmd
}

func (a *app) runSSH(ctx context.Context, word string, req manager.ConnectRequest) error {
	m, err := a.open(ctx)
	if err != nil {
		return err
	}
	listing, err := m.Refresh(ctx)
	if err != nil {
		return err
	}
	pod, err := manager.Find(listing.Pods, word)
	if err != nil {
		return err
	}
	req.PodID = pod.ID
	session, err := a.connect(ctx, m, req)
	var failure *manager.Failure
	switch {
	case errors.As(err, &failure):
		return withHints(err, failure.Verdict, pod, req.Via)
	case err != nil:
		return err
	}
	session.SetStdin(a.std.In)
	session.SetStdout(a.std.Out)
	if err := session.Run(); err != nil {
		return err
	}
	ended := session.Ended()
	if ended.Detached || ended.Left {
		fmt.Fprintf(a.std.Err, "podbay: the shell goes on; come back to it with: podbay ssh %s\n", pod.ID)
	}
	// A lost line and ~. were told on the terminal by the session itself.
	if ended.Status == exitSSH && !ended.Lost && !ended.Clean {
		fmt.Fprintln(a.std.Err, "podbay: "+ended.Sentence)
	}
	switch {
	case ended.Status == 0:
		return nil
	case ended.Lost && ExitCode(ended.News) == exitHostKey:
		return silentError{ended.News} // the session has told it
	}
	return statusError(ended.Status)
}

// connector is what connecting needs of the manager.
type connector interface {
	Connect(ctx context.Context, req manager.ConnectRequest) (*manager.Session, error)
	ForgetHostKey(ctx context.Context, podID, shown string) error
	TrustAgainstLog(ctx context.Context, podID, shown string) error
}

// connect asks until Connect has no question left. Passphrases are overwritten when
// it returns: neither the session nor a failure needs them.
func (a *app) connect(ctx context.Context, m connector, req manager.ConnectRequest) (*manager.Session, error) {
	req.Passphrases = map[string][]byte{}
	defer wipe(req.Passphrases)
	for {
		session, err := m.Connect(ctx, req)
		var (
			unknown    *manager.HostKeyUnknown
			changed    *manager.HostKeyChanged
			passphrase *manager.PassphraseWanted
			keep       *manager.KeepWanted
		)
		switch {
		case errors.As(err, &keep):
			if req.Keep, err = a.keeps(ctx, keep); err != nil {
				return nil, fmt.Errorf("not connected: %w", err)
			}
		case errors.As(err, &unknown):
			if !a.trusts(ctx, unknown) {
				return nil, fmt.Errorf("not connected: %w", err)
			}
			req.AcceptHostKey = unknown.Fingerprint
		case errors.As(err, &changed):
			if !a.trustsChanged(ctx, m, changed) {
				return nil, silentError{err}
			}
			req.AcceptHostKey = changed.Offered
		case errors.As(err, &passphrase):
			secret, readErr := a.readSecret(ctx, passphraseLine(passphrase))
			if readErr != nil || len(secret) == 0 {
				return nil, fmt.Errorf("not connected: %w", err)
			}
			clear(req.Passphrases[passphrase.Path])
			req.Passphrases[passphrase.Path] = secret
		default:
			return session, err
		}
	}
}

// wipe overwrites passphrases that nobody reads any more.
func wipe(passphrases map[string][]byte) {
	for _, p := range passphrases {
		clear(p)
	}
	clear(passphrases)
}

func passphraseLine(q *manager.PassphraseWanted) string {
	if q.Wrong {
		return "That does not fit. Passphrase for " + q.Name + ": "
	}
	return "Passphrase for " + q.Name + ": "
}

// keeps asks whether shells on a pod are kept alive; enter means yes.
func (a *app) keeps(ctx context.Context, q *manager.KeepWanted) (manager.KeepAnswer, error) {
	fmt.Fprintf(a.asks(), "%s has tmux. With it a shell goes on when the line breaks, podbay comes back to it, and ~d leaves it running.\n"+
		"Keep shells on this pod alive? Press enter for yes, or type no (asked once for this pod): ", q.Pod.Name)
	answer, err := a.readLine(ctx)
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(answer)), "n") {
		return manager.KeepNo, nil
	}
	return manager.KeepYes, nil
}
