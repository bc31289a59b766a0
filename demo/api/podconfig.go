package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
)

// configNames are the properties that create and update share.
var configNames = []string{"args", "disk", "env", "image", "ports", "registry", "name", "mounts", "globalNetworking", "templateId"}

// recreating are those whose change replaces the container.
var recreating = []string{"args", "disk", "env", "image", "ports", "registry", "mounts"}

var portPattern = regexp.MustCompile(`^[1-9][0-9]{0,4}/(tcp|http)$`)

// config reads what create and update share into spec, and the rules that a
// schema does not tell: those are 400, after all the 422.
func (o *object) config(spec *PodSpec) (global *bool, err error) {
	o.nonEmpty("name", &spec.Name)
	o.text("args", &spec.Args)
	o.text("image", &spec.Image)
	o.number("disk", 1, &spec.DiskGB)
	o.texts("ports", &spec.Ports)
	o.variables("env", &spec.Env)
	o.orNil("registry", &spec.Registry)
	if o.has("globalNetworking") {
		global = new(bool)
		o.flag("globalNetworking", global)
	}
	cleared := o.mounts(spec)
	var template string
	o.text("templateId", &template)
	if err := o.err(); err != nil {
		return nil, err
	}
	if cleared {
		return nil, refuse(http.StatusBadRequest, "mounts.network: clearing mounts is not supported")
	}
	for _, port := range spec.Ports {
		if !portPattern.MatchString(port) {
			return nil, refuse(http.StatusBadRequest, "port %q: want a number and a protocol, like 22/tcp or 8888/http", port)
		}
	}
	switch {
	case o.has("templateId"):
		return nil, refuse(http.StatusNotFound, "template not found")
	case spec.Persistent != nil && spec.Network != nil:
		return nil, refuse(http.StatusBadRequest, "mounts: persistent and network are mutually exclusive")
	case spec.CPU != nil && spec.Persistent != nil:
		return nil, refuse(http.StatusBadRequest, "mounts.persistent is not allowed on CPU pods")
	case spec.CPU != nil && global != nil && *global:
		return nil, refuse(http.StatusBadRequest, "globalNetworking requires an NVIDIA GPU")
	}
	return global, nil
}

// mounts reports whether the list of network mounts is there and empty.
func (o *object) mounts(spec *PodSpec) (cleared bool) {
	m := o.object("mounts", "persistent", "network")
	if m == nil {
		return false
	}
	if p := m.object("persistent", "size", "path"); p != nil {
		spec.Persistent = &PersistentMount{}
		p.require("size", "path")
		p.number("size", 10, &spec.Persistent.SizeGB)
		p.text("path", &spec.Persistent.Path)
	}
	if !m.has("network") {
		return false
	}
	var items []json.RawMessage
	decode(m, "network", "array", &items)
	if len(items) > 1 {
		m.failf("network", "maxItems: got %d, want 1", len(items))
	}
	for _, item := range items {
		n := newObject(m.at+".network[0]", item, m.failures, "volumeId", "path")
		spec.Network = &NetworkMount{}
		n.require("volumeId", "path")
		n.text("volumeId", &spec.Network.VolumeID)
		n.text("path", &spec.Network.Path)
	}
	return len(items) == 0
}

func (s *Server) createPod(w http.ResponseWriter, r request) error {
	o, err := readObject(w, r.Request, append(slices.Clone(configNames),
		"cloud", "cpu", "gpu", "dataCenterIds", "startJupyter", "startSsh")...)
	if err != nil {
		return err
	}
	spec, global, err := o.create()
	if err != nil {
		return err
	}
	spec.ID = s.newID()
	spec.GlobalIP = globalIP(global != nil && *global, spec.ID)
	if err := s.AddPod(spec); err != nil {
		return err
	}
	return s.answerPod(w, http.StatusCreated, spec.ID)
}

func (o *object) create() (PodSpec, *bool, error) {
	spec := PodSpec{Cost: 0.44, Ports: []string{}}
	var jupyter bool
	var centers []string
	o.require("name")
	if !o.has("templateId") {
		o.require("image")
	}
	o.oneOf("cloud", &spec.Cloud, CloudSecure, CloudCommunity)
	o.texts("dataCenterIds", &centers)
	o.flag("startSsh", &spec.StartSSH)
	o.flag("startJupyter", &jupyter)
	if gpu := o.object("gpu", "id", "count", "allowedCudaVersions", "minCudaVersion"); gpu != nil {
		spec.GPU = &GPU{Count: 1}
		gpu.require("id")
		gpu.text("id", &spec.GPU.ID)
		gpu.number("count", 1, &spec.GPU.Count)
		gpu.cuda(&spec.CUDAVersion)
	}
	if cpu := o.object("cpu", "id", "vcpuCount"); cpu != nil {
		spec.CPU = &CPU{}
		cpu.require("id", "vcpuCount")
		cpu.nonEmpty("id", &spec.CPU.ID)
		cpu.number("vcpuCount", 2, &spec.CPU.VCPU)
		spec.CPU.MemoryGB = 2 * spec.CPU.VCPU
	}
	global, err := o.config(&spec)
	switch {
	case err != nil:
		return spec, nil, err
	case (spec.GPU == nil) == (spec.CPU == nil):
		return spec, nil, refuse(http.StatusBadRequest, "exactly one of gpu or cpu must be set")
	case spec.CPU != nil && spec.CPU.VCPU&(spec.CPU.VCPU-1) != 0:
		return spec, nil, refuse(http.StatusBadRequest, "cpu.vcpuCount must be a power of two")
	}
	if len(centers) > 0 {
		spec.DataCenterID = centers[0]
	}
	if jupyter {
		spec.Env = withJupyter(spec.Env, spec.Name)
	}
	return spec, global, nil
}

var cudaPattern = regexp.MustCompile(`^\d+\.\d+$`)

func (o *object) cuda(version *string) {
	var exact []string
	var least string
	o.texts("allowedCudaVersions", &exact)
	o.text("minCudaVersion", &least)
	for i, v := range exact {
		if !cudaPattern.MatchString(v) {
			o.failAt("allowedCudaVersions", i, "does not match pattern '"+cudaPattern.String()+"'")
		}
	}
	switch {
	case o.has("minCudaVersion") && !cudaPattern.MatchString(least):
		o.failf("minCudaVersion", "does not match pattern '%s'", cudaPattern)
	case len(exact) > 0:
		*version = exact[0]
	case least != "":
		*version = least
	}
}

func withJupyter(env map[string]string, seed string) map[string]string {
	env = maps.Clone(env)
	if env == nil {
		env = map[string]string{}
	}
	if _, ok := env["JUPYTER_PASSWORD"]; !ok {
		env["JUPYTER_PASSWORD"] = digest("jupyter " + seed)[:16]
	}
	return env
}

func (s *Server) patchPod(w http.ResponseWriter, r request) error {
	o, err := readObject(w, r.Request, append(slices.Clone(configNames), "locked")...)
	if err != nil {
		return err
	}
	if err := s.change(r.id, func(p *pod) error { return s.patch(p, o) }); err != nil {
		return notFound(err)
	}
	return s.answerPod(w, http.StatusOK, r.id)
}

// patch applies all of o to p, or nothing.
func (s *Server) patch(p *pod, o *object) error {
	spec := p.spec
	o.flag("locked", &spec.Locked)
	global, err := o.config(&spec)
	switch {
	case err != nil:
		return err
	case p.spec.Cluster != nil:
		return errMember
	}
	if err := sameKind(p.spec, spec); err != nil {
		return err
	}
	recreates := slices.ContainsFunc(recreating, o.has)
	if recreates && p.spec.Locked && spec.Locked {
		return refuse(http.StatusConflict, "pod is locked: it cannot be stopped or reset")
	}
	p.spec = spec
	if global != nil {
		p.global = global
	}
	if recreates && p.status == StatusRunning {
		p.starting(s.opts.Now())
	}
	return nil
}

// sameKind holds the contract's rules for mounts in a PATCH.
func sameKind(old, updated PodSpec) error {
	switch {
	case (old.Persistent == nil) != (updated.Persistent == nil), (old.Network == nil) != (updated.Network == nil):
		return refuse(http.StatusBadRequest, "mounts: the kind of mount is fixed at creation")
	case old.Network != nil && old.Network.VolumeID != updated.Network.VolumeID:
		return refuse(http.StatusBadRequest, "mounts.network.volumeId is immutable")
	}
	return nil
}

// newID makes up an ID of the shape of RunPod's, one that no pod has.
func (s *Server) newID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		s.nextID++
		id := digest("pod " + strconv.Itoa(s.nextID))[:14]
		if _, taken := s.pods[id]; !taken {
			return id
		}
	}
}
