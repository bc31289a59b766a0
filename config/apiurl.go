package config

import "strings"

// runPodOrigin is the origin of RunPod's own API: the default, and the only one
// to which the key of RunPod's own CLI may go.
const runPodOrigin = "https://api.runpod.io"

// APIURL returns the address of the API to use and where it was named, for an
// error to say: the flag --api-url, else PODBAY_API_URL, else the settings, else
// RunPod's. The address is not checked; runpod.CheckBaseURL does that.
func APIURL(flag string, getenv func(string) string, settings Settings) (address, from string) {
	if flag = strings.TrimSpace(flag); flag != "" {
		return flag, "--api-url"
	}
	if env := strings.TrimSpace(getenv("PODBAY_API_URL")); env != "" {
		return env, "PODBAY_API_URL"
	}
	if settings.APIURL != "" {
		return settings.APIURL, "api_url"
	}
	return runPodOrigin, "api_url"
}
