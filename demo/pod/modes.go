package pod

import "encoding/binary"

// mode is one encoded terminal mode: RFC 4254, section 8.
type mode struct {
	opcode byte
	value  uint32
}

// parseModes reads opcodes with their values up to TTY_OP_END, the first opcode
// whose form is not defined (160 and up), or the end of the text.
func parseModes(text string) []mode {
	const size = 5
	var modes []mode
	for b := []byte(text); len(b) >= size && b[0] != 0 && b[0] < 160; b = b[size:] {
		modes = append(modes, mode{opcode: b[0], value: binary.BigEndian.Uint32(b[1:size])})
	}
	return modes
}
