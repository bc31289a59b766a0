package doctor_test

import (
	"testing"
	"time"

	"podbay/doctor"
)

const addr = "195.26.233.3:34446"

func running(change func(*doctor.Facts)) doctor.Facts {
	f := doctor.Facts{Status: "RUNNING", Started: true, SinceStart: time.Hour, Exposes22: true, DirectAddr: addr, HasProxy: true}
	change(&f)
	return f
}

func TestJudge(t *testing.T) {
	probed := func(o doctor.Outcome) doctor.Facts {
		return running(func(f *doctor.Facts) { f.Probe.Outcome = o })
	}
	refused := func(l doctor.Login) doctor.Facts {
		return running(func(f *doctor.Facts) {
			f.Probe = doctor.Probe{Outcome: doctor.PortBanner, Latency: 38 * time.Millisecond}
			l.Outcome = doctor.LoginRefused
			f.Login = l
		})
	}
	tests := []struct {
		name  string
		facts doctor.Facts
		want  doctor.ID
		word  string
		shell bool
	}{
		{"no facts at all", doctor.Facts{}, doctor.StatusNotKnown, "unknown", false},
		{"provisioning", doctor.Facts{Status: "PROVISIONING"}, doctor.Provisioning, "starting", false},
		{"starting", doctor.Facts{Status: "STARTING", HasProxy: true}, doctor.Starting, "starting", false},
		{"stopped", doctor.Facts{Status: "EXITED", CanStart: true}, doctor.Stopped, "stopped", false},
		{"error", doctor.Facts{Status: "ERROR"}, doctor.Failed, "error", false},
		{"terminated", doctor.Facts{Status: "TERMINATED"}, doctor.Terminated, "terminated", false},
		{"a status of the future", doctor.Facts{Status: "HIBERNATED", HasProxy: true}, doctor.StatusNotKnown, "unknown", true},
		{"not probed yet", running(func(*doctor.Facts) {}), doctor.Checking, "checking", true},
		{"banner", running(func(f *doctor.Facts) {
			f.Probe = doctor.Probe{Outcome: doctor.PortBanner, Latency: 38 * time.Millisecond}
		}), doctor.Ready, "ready 38 ms", true},
		{"refused port", probed(doctor.PortRefused), doctor.NoSSHD, "no sshd", false},
		{"refused port just after the start", running(func(f *doctor.Facts) {
			f.Probe.Outcome, f.SinceStart = doctor.PortRefused, 40*time.Second
		}), doctor.SSHDStarting, "starting", false},
		{"refused port, start unknown", running(func(f *doctor.Facts) {
			f.Probe.Outcome, f.Started, f.SinceStart = doctor.PortRefused, false, 0
		}), doctor.NoSSHD, "no sshd", false},
		{"no answer", probed(doctor.PortTimeout), doctor.NoAnswer, "no answer", false},
		{"unreachable", probed(doctor.PortUnreachable), doctor.Unreachable, "unreachable", false},
		{"silent", probed(doctor.PortSilent), doctor.Silent, "silent", false},
		{"closes", probed(doctor.PortClosed), doctor.ClosesAtOnce, "closes", false},
		{"HTTP", probed(doctor.PortNotSSH), doctor.NotSSH, "not SSH", false},
		{"HTTP just after the start is no matter of waiting", running(func(f *doctor.Facts) {
			f.Probe.Outcome, f.SinceStart = doctor.PortNotSSH, time.Second
		}), doctor.NotSSH, "not SSH", false},
		{"22/tcp not exposed", running(func(f *doctor.Facts) { f.DirectAddr, f.Exposes22 = "", false }), doctor.ProxyNoPort, "proxy only", true},
		{"community without public IP", running(func(f *doctor.Facts) { f.DirectAddr, f.Community = "", true }), doctor.ProxyNoIP, "proxy only", true},
		{"public port pending", running(func(f *doctor.Facts) { f.DirectAddr, f.SinceStart = "", time.Second }), doctor.PortPending, "proxy only", true},
		{"no public port for long", running(func(f *doctor.Facts) { f.DirectAddr = "" }), doctor.ProxyNoMap, "proxy only", true},
		{"no way in", running(func(f *doctor.Facts) { f.DirectAddr, f.HasProxy = "", false }), doctor.NoRoute, "no way in", false},
		{"key refused", refused(doctor.Login{Offered: 2, Age: 3 * time.Minute}), doctor.KeyRefused, "key refused 3m", true},
		{"registered key refused", refused(doctor.Login{Offered: 1, Registered: doctor.RegisteredYes}), doctor.KeyRefused, "key refused 0s", true},
		{"unregistered key refused", refused(doctor.Login{Offered: 1, Registered: doctor.RegisteredNo}), doctor.KeyUnknown, "key refused 0s", true},
		{"too many keys", refused(doctor.Login{Offered: 5, TooMany: true}), doctor.TooManyKeys, "key refused 0s", true},
		{"password only comes before everything a key could mend", refused(doctor.Login{PasswordOnly: true, Registered: doctor.RegisteredNo}), doctor.PasswordOnly, "password only", true},
		{"no key here", running(func(f *doctor.Facts) { f.Login.Outcome = doctor.LoginNoKey }), doctor.NoLocalKey, "no key", true},
		{"a closed port comes before a refused key", running(func(f *doctor.Facts) {
			f.Probe.Outcome, f.Login.Outcome = doctor.PortRefused, doctor.LoginRefused
		}), doctor.NoSSHD, "no sshd", false},
		{"key refused by way of the proxy", running(func(f *doctor.Facts) {
			f.DirectAddr, f.Login = "", doctor.Login{Outcome: doctor.LoginRefused, Offered: 1}
		}), doctor.ProxyKeyRefused, "key refused 0s", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := doctor.Judge(tt.facts)
			if v.ID != tt.want || v.Word != tt.word || v.Shell != tt.shell {
				t.Errorf("Judge = %s %q shell=%v, want %s %q shell=%v", v.ID, v.Word, v.Shell, tt.want, tt.word, tt.shell)
			}
		})
	}
}

func TestAge(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0 s": -time.Hour, "14 s": 14 * time.Second, "3 m": 3*time.Minute + 59*time.Second,
		"47 h": 47 * time.Hour, "2 d": 48 * time.Hour, "59 m": time.Hour - 1,
	} {
		if got := doctor.Age(d); got != want {
			t.Errorf("Age(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestMilliseconds(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0.4 ms": 400 * time.Microsecond, "38 ms": 38 * time.Millisecond, "999 ms": 999 * time.Millisecond,
		"10 ms": 9990 * time.Microsecond, "1.2 s": 1200 * time.Millisecond,
	} {
		if got := doctor.Milliseconds(d); got != want {
			t.Errorf("Milliseconds(%v) = %q, want %q", d, got, want)
		}
	}
}
