package config

import (
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

func TestDefaultPathsFollowTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", filepath.Join(dir, "me"))
	t.Setenv("USERPROFILE", filepath.Join(dir, "me"))
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "c"))
	t.Setenv("XDG_DATA_HOME", filepath.Join(dir, "d"))
	t.Setenv("XDG_STATE_HOME", filepath.Join(dir, "s"))
	got, err := DefaultPaths()
	if err != nil {
		t.Fatal(err)
	}
	want := Paths{
		Home:         filepath.Join(dir, "me"),
		Settings:     filepath.Join(dir, "c", "podbay", "config.toml"),
		Credentials:  filepath.Join(dir, "c", "podbay", "credentials"),
		KnownHosts:   filepath.Join(dir, "d", "podbay", "known_hosts"),
		SystemHosts:  systemHosts(runtime.GOOS),
		State:        filepath.Join(dir, "s", "podbay"),
		RunPodConfig: filepath.Join(dir, "me", ".runpod", "config.toml"),
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestDefaultPathsWithoutXDG(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // the other systems have their own folders
	}
	home := t.TempDir()
	t.Setenv("HOME", home)
	for _, name := range []string{"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"} {
		t.Setenv(name, "")
	}
	got, err := DefaultPaths()
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(home, ".local", "state", "podbay"); got.State != want {
		t.Errorf("state %s, want %s", got.State, want)
	}
	if want := filepath.Join(home, ".config", "podbay", "config.toml"); got.Settings != want {
		t.Errorf("settings %s, want %s", got.Settings, want)
	}
}

func TestDefaultPathsWithoutHome(t *testing.T) {
	for _, home := range []string{"", "relative"} {
		t.Setenv("HOME", home)
		t.Setenv("USERPROFILE", home)
		if _, err := DefaultPaths(); err == nil || !strings.Contains(err.Error(), "set HOME") {
			t.Errorf("HOME %q: error %v names no next step", home, err)
		}
	}
}

func TestPathsUnderStayUnder(t *testing.T) {
	dir := t.TempDir()
	paths := reflect.ValueOf(PathsUnder(dir))
	seen := map[string]bool{}
	for i := range paths.NumField() {
		path := paths.Field(i).String()
		if !strings.HasPrefix(path, dir+string(filepath.Separator)) || seen[path] {
			t.Errorf("%s is %q", paths.Type().Field(i).Name, path)
		}
		seen[path] = true
	}
}
