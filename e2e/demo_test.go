//go:build unix

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// bare makes a home in which a stranger has files of their own, and no API key.
func bare(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	delete(w.env, "RUNPOD_API_KEY")
	delete(w.env, "PODBAY_API_URL")
	w.write(".ssh/config", "Host *\n  ProxyJump never.invalid\n  User nobody\n", 0o600)
	w.write(".ssh/known_hosts", "never.invalid ssh-ed25519 AAAA\n", 0o600)
	w.write(".runpod/config.toml", "apikey = \"rpa_NOT_FOR_A_DEMO\"\n", 0o600)
	w.write(".config/podbay/config.toml", "this is no settings file\n", 0o600)
	return w
}

// demo starts podbay demo and waits for its list.
func (w *world) demo() *program {
	w.t.Helper()
	p := w.podbay("demo")
	p.sees("this machine")
	p.list("axolotl-finetune")
	return p
}

// find selects a pod by the filter.
func (p *program) find(name string) {
	p.t.Helper()
	p.press("/")
	p.sees("keep filter")
	p.press(name + enter)
	p.until("the filter kept, with "+name, func() bool { return p.selected(name) && p.count("keep filter") == 0 })
}

// unfilter shows all pods again.
func (p *program) unfilter() {
	p.t.Helper()
	p.press(esc)
	p.until("a list without a filter", func() bool { return p.altScreen() && p.count(" of 10") == 0 })
}

// plain answers that shells of this pod are not kept alive.
func (p *program) plain() {
	p.t.Helper()
	p.sees("Keep shells on")
	p.answers("n")
}

// kept answers that they are.
func (p *program) kept() {
	p.t.Helper()
	p.sees("Keep shells on")
	p.answers("y")
}

// leave ends a full-screen program, which throws away what is typed before its
// end, and waits for the shell's prompt.
func (p *program) leave(keys string) {
	p.t.Helper()
	mark := p.mark()
	p.press(keys)
	p.demoShell(mark, "axolotl-finetune")
}

// demoShell waits for a demo shell's prompt after mark.
func (p *program) demoShell(mark int, pod string) {
	p.t.Helper()
	p.prints(mark, pod+" (this machine)")
}

// says types a command line and waits for what it prints.
func (p *program) says(command, want string) {
	p.t.Helper()
	mark := p.mark()
	p.press(command + "\r")
	p.prints(mark, want)
}

func TestDemoLeavesTheHomeAlone(t *testing.T) {
	w := bare(t)
	before := tree(t, w.home, w.env["TMPDIR"])
	p := w.demo()
	mark := p.mark()
	p.press(enter) // no question about the host key: this machine has been there before
	p.kept()
	p.demoShell(mark, "axolotl-finetune")
	p.says(`echo "home=[$HOME]"`, "home=["+w.env["TMPDIR"])
	p.says(`echo x > file; echo "key=[$RUNPOD_API_KEY$SSH_AUTH_SOCK]"`, "key=[]")
	p.press("exit 7\r")
	p.sees("exit status 7")
	p.list("axolotl-finetune")
	p.press("q")
	if code := p.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	p.sane()
	w.alone()
	if left, err := os.ReadDir(w.env["TMPDIR"]); err != nil || len(left) > 0 {
		t.Errorf("left in the temporary folder: %v (%v)", left, err)
	}
	after := tree(t, w.home, w.env["TMPDIR"])
	for path, was := range before {
		if after[path] != was {
			t.Errorf("%s was %q and is %q", path, was, after[path])
		}
		delete(after, path)
	}
	for path := range after {
		t.Errorf("%s is new", path)
	}
}

func TestDemoShellIsReal(t *testing.T) {
	w := bare(t)
	p := w.demo()
	mark := p.mark()
	p.press(enter)
	p.plain()
	p.demoShell(mark, "axolotl-finetune")
	p.says("tty", "/dev/")
	p.says("stty size", "30 110")

	p.says(`sh -c 'echo slee"p"ing; exec sleep 1000'`, "sleeping")
	p.press(ctrlC)
	p.says("echo code=$?", "code=130")

	p.press("vi greeting\r")
	p.until("vi's screen", func() bool { return p.count("~\n") > 10 })
	p.press("ihello from vi" + esc)
	p.sees("hello from vi")
	p.leave(":wq\r")
	p.says("echo vi=$? $(cat greeting)", "vi=0 hello from vi")

	p.press("top\r")
	p.sees("load average", "PID")
	p.leave("q")
	p.says("echo top=$?", "top=0")

	p.says("echo utf8 ✓ größe", "utf8 ✓ größe")
	p.press("kill -TERM $$; kill -KILL $$\r")
	p.sees("SIGKILL")
	p.list("axolotl-finetune")
}

func TestDemoStopsAndStarts(t *testing.T) {
	w := bare(t)
	p := w.demo()
	p.press("x")
	p.sees("Stop axolotl-finetune (", "container disk", "100 GB", "[ Cancel ]")
	p.answers(enter) // Cancel is chosen
	p.list("axolotl-finetune")
	if p.count("stopping") > 0 {
		t.Error("a pod was stopped by enter alone")
	}
	p.press("x")
	p.sees("Stop axolotl-finetune (")
	p.answers("y")
	p.sees("axolotl-finetune: stopping")
	p.find("axolotl")
	p.sees("stopped")

	p.unfilter()
	p.find("nerf-archive")
	p.press(enter)
	p.sees("Start nerf-archive?", "Billing begins", "[ Cancel ]")
	mark := p.mark()
	p.answers("y") // it waits for an SSH server, and connects: no question, as the pod's log lists its key
	p.kept()
	p.demoShell(mark, "nerf-archive")
	p.prints(mark, "podbay: nerf-archive: host key verified by the pod's log")
	p.press("exit\r")
	p.list("nerf-archive")
}

func TestDemoSaysWhatIsInTheWay(t *testing.T) {
	for pod, want := range map[string][]string{
		"llm-endpoint": {"no SSH server listens behind it", "What to do", "Start sshd"},
		"flux-lora":    {"What to do", "Wait: the list follows by itself."},
	} {
		t.Run(pod, func(t *testing.T) {
			t.Parallel()
			p := bare(t).demo()
			p.find(pod)
			p.press(enter)
			p.sees(append(want, "No shell on "+pod)...)
			p.press(esc)
			p.list(pod)
		})
	}
}

func TestDemoFailedPod(t *testing.T) {
	p := bare(t).demo()
	p.find("openfold-run")
	p.sees("cannot run", "Read the pod's logs")
}

func TestDemoKeyRefused(t *testing.T) {
	w := bare(t)
	p := w.demo()
	p.find("mistral-eval")
	p.press(enter)
	p.sees("Is this really mistral-eval?", "lists no host keys")
	p.answers("p")
	p.sees("+----[SHA256]-----+")
	p.answers("y")
	p.sees("No shell on mistral-eval", "PUBLIC_KEY holds other keys and not yours", "What to do", "a Add the key to the pod", "p Use RunPod's proxy")
	p.press(esc)
	p.list("mistral-eval")
	p.sees("key refused")
	p.press(enter)
	p.sees("No shell on mistral-eval")
	mark := p.mark()
	p.answers("p")
	p.sees("Is this really RunPod's proxy?", "y trust this key") // the check-up's footer has an esc too
	p.press("y")
	p.demoShell(mark, "mistral-eval")
}

// The address of sdxl-train was handed on: another machine answers there. A start
// gives the pod an address of its own again, with new host keys, which its log lists.
func TestDemoHandedOnAddress(t *testing.T) {
	w := bare(t)
	p := w.demo()
	p.find("sdxl-train")
	p.press(enter)
	p.sees("The host key of sdxl-train has changed", "Known, ED25519", "lists the known key, and not the one that is shown")
	p.answers(enter) // going back is chosen
	p.list("sdxl-train")
	p.sees("wrong host key")
	p.press("x")
	p.sees("Stop sdxl-train (")
	p.answers("y")
	p.sees("○ stopped")
	p.press(enter)
	p.sees("Start sdxl-train?")
	mark := p.mark()
	p.answers("y") // it waits for an SSH server, and connects
	p.kept()
	p.prints(mark, "new host key since the pod was started")
	p.demoShell(mark, "sdxl-train")
	p.press("exit\r")
	p.list("sdxl-train")
}

// The typed name forgets the known key, and typed again it overrules the log.
func TestDemoForgetsAHostKey(t *testing.T) {
	w := bare(t)
	p := w.demo()
	p.find("sdxl-train")
	p.press(enter)
	p.sees("The host key of sdxl-train has changed")
	p.answers("f")
	p.sees("To forget the known key, type the pod's name")
	p.press("sdxl" + enter)
	p.sees("Nothing was changed")
	p.press("-train" + enter)
	p.sees("This is not the host key of sdxl-train", "Listed by the pod's log")
	mark := p.mark()
	p.answers("t")
	p.sees("To trust it against the log, type the pod's name")
	p.press("sdxl-train" + enter)
	p.kept()
	p.demoShell(mark, "sdxl-train")
	p.press("exit\r")
	p.list("sdxl-train")
	p.press("d")
	p.sees("accepted by you against the pod's log", "mlkem768x25519-sha256")
}

func TestDemoProxyOnly(t *testing.T) {
	w := bare(t)
	p := w.demo()
	p.find("comfyui-portraits")
	p.sees("proxy only")
	mark := p.mark()
	p.press(enter)
	p.sees("Is this really RunPod's proxy?")
	p.answers("y")
	p.demoShell(mark, "comfyui-portraits")
	p.press("exit 9\r")
	p.sees("exit status 9")
	p.unfilter()
	p.find("jupyter-notes") // the proxy is known now
	mark = p.mark()
	p.press(enter)
	p.demoShell(mark, "jupyter-notes")
}

// TestDemoHostileName reads the very bytes that the terminal was sent.
func TestDemoHostileName(t *testing.T) {
	w := bare(t)
	p := w.demo()
	p.find("whisper")
	p.press("d")
	p.sees("whisper", "back")
	p.press(esc)
	p.list("whisper")
	p.press("x")
	p.sees("Stop whisper")
	p.answers("n")
	p.list("whisper")
	mark := p.mark()
	p.press(enter)
	p.kept()
	p.prints(mark, "host key verified by the pod's log")
	p.prints(mark, "(this machine)")
	p.press("exit 2\r")
	p.sees("exit status 2")
	p.press("q")
	p.ends()
	p.drain()
	for _, bad := range []string{"\x1b]0;owned", "\x1b]2;owned", "\x1b[31m-", "\u202e", "\nready", "\x1b[2J\x1b[31m"} {
		if strings.Contains(p.since(0), bad) {
			t.Errorf("the terminal was sent %q", bad)
		}
	}
	table := w.run("", "demo")
	if table.code != 0 || strings.ContainsAny(table.out, "\x1b\x07\u202e") {
		t.Errorf("exit code %d, and the table is %q", table.code, table.out)
	}
	if lines := strings.Count(table.out, "\n"); lines != 11 {
		t.Errorf("a heading and ten pods take %d lines:\n%s", lines, table.out)
	}
}

func TestDemoEndsWithItsShells(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			w := bare(t)
			p := w.demo()
			mark := p.mark()
			p.press(enter)
			p.kept()
			p.demoShell(mark, "axolotl-finetune")
			p.says(`sh -c 'trap "" HUP; echo stub"b"orn; sleep 1000; sleep 1000'`, "stubborn")
			p.signal(sig)
			if code := p.ends(); code != 128+int(sig) {
				t.Errorf("exit code %d", code)
			}
			p.sane()
			w.alone()
			if left, _ := filepath.Glob(w.env["TMPDIR"] + "/*"); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}
