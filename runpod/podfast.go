package runpod

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What follows makes the Pod that podWire would, of an entry without surprises, in a
// tenth of the time: the members are found first, and what many pods have alike is read
// once. What is not plain is left to encoding/json, a value or the whole entry.

// The members of a pod that are read, in the order in which RunPod writes them.
const (
	memberID = iota
	memberName
	memberImage
	memberArgs
	memberDisk
	memberPorts
	memberEnv
	memberRegistry
	memberStatus
	memberActions
	memberMounts
	memberGPU
	memberCPU
	memberCloud
	memberDataCenterID
	memberCUDAVersion
	memberSSH
	memberCluster
	memberTemplate
	memberCost
	memberLocked
	memberGlobalNetworking
	memberRuntime
	memberCreatedAt
	memberStartedAt
	podMemberCount
)

// podNames are the names of these members.
func podNames() [podMemberCount]string {
	return [podMemberCount]string{
		"id", "name", "image", "args", "disk", "ports", "env", "registry", "status", "actions", "mounts", "gpu", "cpu", "cloud", "dataCenterId",
		"cudaVersion", "ssh", "cluster", "template", "cost", "locked", "globalNetworking", "runtime", "createdAt", "startedAt",
	}
}

// members finds the members of an object by their names. It is plain when encoding/json
// would read the same: no name stands there twice or in other letters.
func members(object []byte, names []string, raw [][]byte) (plain bool) {
	s := scan{text: object}
	_, plain = s.members(0, names, raw)
	return plain
}

// members moves behind a value, and finds its members if it is an object.
func (s *scan) members(depth int, names []string, raw [][]byte) (e extent, plain bool) {
	if s.at == len(s.text) || s.text[s.at] != '{' {
		return s.value(depth), false
	}
	plain = true
	expected := 0 // they mostly come in this order
	e = s.object(depth, func(name, value []byte) {
		for range names {
			if names[expected] == string(name) {
				plain = plain && raw[expected] == nil
				raw[expected] = value
				return
			}
			expected = (expected + 1) % len(names)
		}
		plain = plain && isOther(name, names)
	})
	return e, plain
}

// isOther tells whether encoding/json would take a name for none of names.
func isOther(name []byte, names []string) bool {
	if bytes.IndexByte(name, '\\') >= 0 || !utf8.Valid(name) {
		return false
	}
	for _, known := range names {
		if strings.EqualFold(known, string(name)) {
			return false
		}
	}
	return true
}

// podReader makes pods of entries. What many of them have alike is kept once.
type podReader struct {
	texts   shared[string] // cleaned
	raws    shared[string] // as they are
	ports   shared[[]string]
	actions shared[[]Action]
	gpus    shared[*GPU]
	cpus    shared[*CPU]
	mounts  shared[Mounts]
	spans   []uint32 // what the entries' spans are cut from
}

func newPodReader() podReader {
	return podReader{
		texts: shared[string]{}, raws: shared[string]{}, ports: shared[[]string]{}, actions: shared[[]Action]{},
		gpus: shared[*GPU]{}, cpus: shared[*CPU]{}, mounts: shared[Mounts]{},
	}
}

// shared holds values by the text that they were read from.
type shared[T any] map[string]T

func (s shared[T]) of(text []byte, read func([]byte) T) T {
	if value, known := s[string(text)]; known || text == nil {
		return value
	}
	value := read(text)
	if len(s) < 1024 {
		s[string(text)] = value
	}
	return value
}

// pod makes the pod; nil when there is no ID to name it by.
func (r *podReader) pod(raw *[podMemberCount][]byte) *Pod {
	id := rawText(raw[memberID])
	if id == "" || text(id) != id {
		return nil
	}
	p := &Pod{
		ID:           id,
		Name:         cleanedText(raw[memberName]),
		Status:       Status(r.text(raw[memberStatus])),
		Actions:      r.actions.of(raw[memberActions], func(raw []byte) []Action { return texts[Action](decodeAs[[]string](raw)) }),
		Image:        r.text(raw[memberImage]),
		DiskGB:       wholeNumber(raw[memberDisk]),
		Ports:        r.ports.of(raw[memberPorts], func(raw []byte) []string { return texts[string](decodeAs[[]string](raw)) }),
		Env:          keyless(raw[memberEnv]),
		Mounts:       r.mounts.of(raw[memberMounts], func(raw []byte) Mounts { return decodeAs[mountsWire](raw).mounts() }),
		GPU:          r.gpus.of(raw[memberGPU], func(raw []byte) *GPU { return decodeAs[*gpuWire](raw).gpu() }),
		CPU:          r.cpus.of(raw[memberCPU], func(raw []byte) *CPU { return decodeAs[*cpuWire](raw).cpu() }),
		Cloud:        Cloud(r.text(raw[memberCloud])),
		DataCenterID: r.text(raw[memberDataCenterID]),
		CUDAVersion:  r.text(raw[memberCUDAVersion]),
		SSH:          r.ssh(raw[memberSSH]),
		TemplateID:   r.text(raw[memberTemplate]),
		CostPerHour:  number(raw[memberCost]),
		Locked:       string(raw[memberLocked]) == "true",
		Runtime:      r.runtime(raw[memberRuntime]),
		CreatedAt:    instant(rawText(raw[memberCreatedAt])),
		StartedAt:    instant(rawText(raw[memberStartedAt])),
	}
	if raw[memberCluster] != nil {
		p.Cluster = decodeAs[*clusterWire](raw[memberCluster]).cluster()
	}
	return p
}

func (r *podReader) text(raw []byte) string { return r.texts.of(raw, cleanedText) }

func cleanedText(raw []byte) string { return text(rawText(raw)) }

// rawText is the text that a string holds; "" for what is none.
func rawText(raw []byte) string {
	if len(raw) < 2 || raw[0] != '"' {
		return ""
	}
	for _, c := range raw {
		if c == '\\' || c >= utf8.RuneSelf {
			return decodeAs[string](raw)
		}
	}
	return string(raw[1 : len(raw)-1])
}

// wholeNumber is the number; 0 for what is none, or not a whole one.
func wholeNumber(raw []byte) int {
	if len(raw) == 0 || len(raw) > 9 {
		return decodeInt(raw)
	}
	n := 0
	for _, c := range raw {
		if c < '0' || c > '9' {
			return decodeInt(raw)
		}
		n = 10*n + int(c-'0')
	}
	return n
}

func decodeInt(raw []byte) int {
	if raw == nil || string(raw) == "null" {
		return 0
	}
	return decodeAs[int](raw)
}

func number(raw []byte) float64 {
	if len(raw) == 0 || raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return 0
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return 0
	}
	return f
}

func (r *podReader) ssh(raw []byte) SSH {
	var ways [2][]byte
	if raw == nil {
		return SSH{}
	}
	if members(raw, []string{"proxy", "direct"}, ways[:]) {
		proxy, plain := r.endpoint(ways[0])
		direct, too := r.endpoint(ways[1])
		if plain && too {
			return SSH{Proxy: proxy, Direct: direct}
		}
	}
	return decodeAs[sshWire](raw).ssh()
}

func (r *podReader) endpoint(raw []byte) (e *Endpoint, plain bool) {
	if raw == nil || string(raw) == "null" {
		return nil, true
	}
	var m [4][]byte
	if !members(raw, []string{"host", "port", "username", "command"}, m[:]) {
		return nil, false
	}
	w := endpointWire{Host: r.raws.of(m[0], rawText), Port: wholeNumber(m[1]), Username: r.raws.of(m[2], rawText)}
	return w.endpoint(), true
}

func (r *podReader) runtime(raw []byte) *Runtime {
	var m [1][]byte
	switch {
	case raw == nil || string(raw) == "null":
		return nil
	case !members(raw, []string{"ports"}, m[:]):
		return decodeAs[*runtimeWire](raw).runtime()
	}
	run := &Runtime{}
	if m[0] == nil || string(m[0]) == "null" {
		return run
	}
	if m[0][0] != '[' {
		return decodeAs[*runtimeWire](raw).runtime()
	}
	run.Ports = make([]RuntimePort, 0, bytes.Count(m[0], []byte("{")))
	plain := true
	ports := scan{text: m[0]}
	ports.array(0, func(raw []byte) {
		var f [4][]byte
		if plain = plain && members(raw, []string{"private", "public", "type", "ip"}, f[:]); plain {
			run.Ports = append(run.Ports, RuntimePort{Private: wholeNumber(f[0]), Public: wholeNumber(f[1]), Type: r.text(f[2]), IP: r.text(f[3])})
		}
	})
	if !plain {
		return decodeAs[*runtimeWire](raw).runtime()
	}
	if len(run.Ports) == 0 {
		run.Ports = nil
	}
	return run
}
