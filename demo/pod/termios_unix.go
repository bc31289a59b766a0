//go:build linux || darwin

package pod

import (
	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

// disabledChar turns a control character off: RFC 4254 says so with 255.
const disabledChar = 255

var controlChars = map[byte]int{
	ssh.VINTR: unix.VINTR, ssh.VQUIT: unix.VQUIT, ssh.VERASE: unix.VERASE, ssh.VKILL: unix.VKILL,
	ssh.VEOF: unix.VEOF, ssh.VEOL: unix.VEOL, ssh.VEOL2: unix.VEOL2, ssh.VSTART: unix.VSTART,
	ssh.VSTOP: unix.VSTOP, ssh.VSUSP: unix.VSUSP, ssh.VREPRINT: unix.VREPRINT,
	ssh.VWERASE: unix.VWERASE, ssh.VLNEXT: unix.VLNEXT, ssh.VDISCARD: unix.VDISCARD,
}

var inputFlags = map[byte]uint32{
	ssh.IGNPAR: unix.IGNPAR, ssh.PARMRK: unix.PARMRK, ssh.INPCK: unix.INPCK, ssh.ISTRIP: unix.ISTRIP,
	ssh.INLCR: unix.INLCR, ssh.IGNCR: unix.IGNCR, ssh.ICRNL: unix.ICRNL, ssh.IXON: unix.IXON,
	ssh.IXANY: unix.IXANY, ssh.IXOFF: unix.IXOFF, ssh.IMAXBEL: unix.IMAXBEL, ssh.IUTF8: unix.IUTF8,
}

var localFlags = map[byte]uint32{
	ssh.ISIG: unix.ISIG, ssh.ICANON: unix.ICANON, ssh.ECHO: unix.ECHO, ssh.ECHOE: unix.ECHOE,
	ssh.ECHOK: unix.ECHOK, ssh.ECHONL: unix.ECHONL, ssh.NOFLSH: unix.NOFLSH, ssh.TOSTOP: unix.TOSTOP,
	ssh.IEXTEN: unix.IEXTEN, ssh.ECHOCTL: unix.ECHOCTL, ssh.ECHOKE: unix.ECHOKE, ssh.PENDIN: unix.PENDIN,
}

var outputFlags = map[byte]uint32{
	ssh.OPOST: unix.OPOST, ssh.ONLCR: unix.ONLCR, ssh.OCRNL: unix.OCRNL,
	ssh.ONOCR: unix.ONOCR, ssh.ONLRET: unix.ONLRET,
}

var controlFlags = map[byte]uint32{ssh.PARENB: unix.PARENB, ssh.PARODD: unix.PARODD}

// applyModes sets what has a meaning here and passes over the rest. Speeds have
// none on a PTY.
func applyModes(fd int, modes []mode) error {
	t, err := unix.IoctlGetTermios(fd, ioctlGetTermios)
	if err != nil {
		return err
	}
	for _, m := range modes {
		on := m.value != 0
		setFlag(&t.Iflag, inputFlags[m.opcode], on)
		setFlag(&t.Lflag, localFlags[m.opcode], on)
		setFlag(&t.Oflag, outputFlags[m.opcode], on)
		setFlag(&t.Cflag, controlFlags[m.opcode], on)
		// CS7 and CS8 are values of one field: only the one that is on counts.
		if on && (m.opcode == ssh.CS7 || m.opcode == ssh.CS8) {
			setFlag(&t.Cflag, unix.CSIZE, false)
			setFlag(&t.Cflag, map[byte]uint32{ssh.CS7: unix.CS7, ssh.CS8: unix.CS8}[m.opcode], true)
		}
		if i, ok := controlChars[m.opcode]; ok {
			t.Cc[i] = byte(m.value)
			if m.value == disabledChar {
				t.Cc[i] = posixVDisable
			}
		}
	}
	return unix.IoctlSetTermios(fd, ioctlSetTermios, t)
}

// setFlag serves both widths of termios: 32 bits on Linux, 64 on macOS.
func setFlag[T uint32 | uint64](field *T, bit uint32, on bool) {
	if on {
		*field |= T(bit)
	} else {
		*field &^= T(bit)
	}
}
