//go:build linux || darwin

package tty

import (
	"os"

	"golang.org/x/sys/unix"
)

// Opcodes that carry a number; 255 stands for a control character that is off.
const (
	opISpeed = 128
	opOSpeed = 129
	ccOff    = 255
)

// The fields of a termios.
type field int

const (
	ccChars field = iota
	inputFlags
	localFlags
	outputFlags
	controlFlags
)

// mode says where the value of an opcode is: an index of the control characters
// or the bits of a flag word.
type mode struct {
	op  uint8
	in  field
	bit uint64
}

// modes are the opcodes of RFC 4254 section 8, and IUTF8 of RFC 8160, that both
// platforms have.
var modes = []mode{
	{1, ccChars, unix.VINTR},
	{2, ccChars, unix.VQUIT},
	{3, ccChars, unix.VERASE},
	{4, ccChars, unix.VKILL},
	{5, ccChars, unix.VEOF},
	{6, ccChars, unix.VEOL},
	{7, ccChars, unix.VEOL2},
	{8, ccChars, unix.VSTART},
	{9, ccChars, unix.VSTOP},
	{10, ccChars, unix.VSUSP},
	{12, ccChars, unix.VREPRINT},
	{13, ccChars, unix.VWERASE},
	{14, ccChars, unix.VLNEXT},
	{18, ccChars, unix.VDISCARD},

	{30, inputFlags, unix.IGNPAR},
	{31, inputFlags, unix.PARMRK},
	{32, inputFlags, unix.INPCK},
	{33, inputFlags, unix.ISTRIP},
	{34, inputFlags, unix.INLCR},
	{35, inputFlags, unix.IGNCR},
	{36, inputFlags, unix.ICRNL},
	{38, inputFlags, unix.IXON},
	{39, inputFlags, unix.IXANY},
	{40, inputFlags, unix.IXOFF},
	{41, inputFlags, unix.IMAXBEL},
	{42, inputFlags, unix.IUTF8},

	{50, localFlags, unix.ISIG},
	{51, localFlags, unix.ICANON},
	{53, localFlags, unix.ECHO},
	{54, localFlags, unix.ECHOE},
	{55, localFlags, unix.ECHOK},
	{56, localFlags, unix.ECHONL},
	{57, localFlags, unix.NOFLSH},
	{58, localFlags, unix.TOSTOP},
	{59, localFlags, unix.IEXTEN},
	{60, localFlags, unix.ECHOCTL},
	{61, localFlags, unix.ECHOKE},
	{62, localFlags, unix.PENDIN},

	{70, outputFlags, unix.OPOST},
	{72, outputFlags, unix.ONLCR},
	{73, outputFlags, unix.OCRNL},
	{74, outputFlags, unix.ONOCR},
	{75, outputFlags, unix.ONLRET},

	// CS7's bits are among those of CS8. An 8-bit terminal says both, as OpenSSH's
	// does, so that the order in which the far side applies them does not matter.
	{90, controlFlags, unix.CS7},
	{91, controlFlags, unix.CS8},
	{92, controlFlags, unix.PARENB},
	{93, controlFlags, unix.PARODD},
}

func queryModes(f *os.File) (map[uint8]uint32, error) {
	termios, err := queryTermios(int(f.Fd()))
	if err != nil {
		return nil, err
	}
	return encodeModes(termios), nil
}

func encodeModes(t *unix.Termios) map[uint8]uint32 {
	words := map[field]uint64{
		inputFlags: uint64(t.Iflag), localFlags: uint64(t.Lflag),
		outputFlags: uint64(t.Oflag), controlFlags: uint64(t.Cflag),
	}
	encoded := map[uint8]uint32{opISpeed: uint32(t.Ispeed), opOSpeed: uint32(t.Ospeed)}
	for _, table := range [][]mode{modes, platformModes} {
		for _, m := range table {
			encoded[m.op] = m.value(t, words)
		}
	}
	return encoded
}

func (m mode) value(t *unix.Termios, words map[field]uint64) uint32 {
	switch {
	case m.in == ccChars && t.Cc[m.bit] == vdisable:
		return ccOff
	case m.in == ccChars:
		return uint32(t.Cc[m.bit])
	case words[m.in]&m.bit != 0:
		return 1
	}
	return 0
}
