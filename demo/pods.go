package demo

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"time"

	"podbay/demo/api"
)

// The pods of the account, one of each kind.
const (
	ReadyPodID        = "q7x2k9v4m1ab3c" // direct, a login works
	ProxyOnlyPodID    = "b4n8t6w2c5de7f" // community host without a public IP
	ProvisioningPodID = "h1r5y3p9z8gh2j" // ready after 20 s
	NoSSHPortPodID    = "m6d3s8f2l4kq9n" // 22/tcp is not among its ports; the proxy works
	NoSSHDPodID       = "t9g1j7x5v3rs6u" // port 22 is mapped, and refuses
	KeyRefusedPodID   = "w2c8z4n6b9vx1y" // has another key than the account's; the proxy works; its log has no host keys
	StoppedPodID      = "e5k7h3q1t8za4b" // ready 10 s after a start
	ErrorPodID        = "p8v6m2d9f1cd5g"
	HostileNamePodID  = "z3j9r5l7s4ef8h" // direct, a login works
	HandedOnPodID     = "y4c1u8o6r2gh5k" // its address leads to another machine, until it is started anew
)

// hostileName is what a terminal must never be sent: a window title, a cleared
// screen, reversed text, a second line.
const hostileName = "whisper\x1b]0;owned\x07\x1b[2J\x1b[31m-\u202eeval\nready"

// podSpecs returns the account's pods. The ready one comes first, in order and by
// name.
func podSpecs(now time.Time) ([]api.PodSpec, error) {
	earlierKey, err := otherKey()
	if err != nil {
		return nil, err
	}
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	const day = 24 * time.Hour
	specs := []api.PodSpec{
		{
			ID: ReadyPodID, Name: "axolotl-finetune", Status: api.StatusRunning,
			CreatedAt: ago(6 * day), StartedAt: ago(3*time.Hour + 12*time.Minute),
			GPU: gpu("NVIDIA GeForce RTX 4090", 1), Cost: 0.69, DataCenterID: "US-KS-2",
			Persistent: &api.PersistentMount{SizeGB: 100, Path: "/workspace"}, DiskGB: 50,
		}, {
			ID: ProxyOnlyPodID, Name: "comfyui-portraits", Status: api.StatusRunning,
			CreatedAt: ago(2 * day), StartedAt: ago(41 * time.Minute), NoPublicIP: true,
			GPU: gpu("NVIDIA RTX A5000", 1), Cost: 0.16, Cloud: api.CloudCommunity, DataCenterID: "EU-CZ-1",
			Image: "runpod/stable-diffusion:comfy-ui-6.0.0", Ports: []string{"8188/http", "22/tcp"},
		}, {
			ID: ProvisioningPodID, Name: "flux-lora", Status: api.StatusProvisioning,
			Provisioning: 12 * time.Second, Starting: 8 * time.Second,
			GPU: gpu("NVIDIA L40S", 1), Cost: 0.86, DataCenterID: "US-TX-3",
		}, {
			ID: NoSSHPortPodID, Name: "jupyter-notes", Status: api.StatusRunning,
			CreatedAt: ago(20 * day), StartedAt: ago(5*day + 2*time.Hour), Ports: []string{"8888/http"},
			GPU: gpu("NVIDIA L4", 1), Cost: 0.39, DataCenterID: "EUR-IS-1",
		}, {
			ID: NoSSHDPodID, Name: "llm-endpoint", Status: api.StatusRunning, NoSSHD: true,
			CreatedAt: ago(day), StartedAt: ago(26 * time.Minute), Ports: []string{"8000/http", "22/tcp"},
			GPU: gpu("NVIDIA H100 80GB HBM3", 2), Cost: 5.98, DataCenterID: "CA-MTL-3",
			Image: "vllm/vllm-openai:v0.10.1",
		}, {
			ID: KeyRefusedPodID, Name: "mistral-eval", Status: api.StatusRunning,
			CreatedAt: ago(9 * day), StartedAt: ago(9 * day), KeysAtCreation: []string{earlierKey}, NoHostKeyLog: true,
			GPU: gpu("NVIDIA A100 80GB PCIe", 1), Cost: 1.64, DataCenterID: "EU-RO-1",
			Persistent: &api.PersistentMount{SizeGB: 200, Path: "/workspace"},
		}, {
			ID: StoppedPodID, Name: "nerf-archive", Status: api.StatusExited,
			CreatedAt: ago(34 * day), Provisioning: 6 * time.Second, Starting: 4 * time.Second,
			GPU: gpu("NVIDIA GeForce RTX 3090", 1), Cost: 0.46, DataCenterID: "SEA-SG-1",
			Persistent: &api.PersistentMount{SizeGB: 50, Path: "/workspace"},
		}, {
			ID: ErrorPodID, Name: "openfold-run", Status: api.StatusError,
			CreatedAt: ago(50 * time.Minute),
			GPU:       gpu("NVIDIA RTX 6000 Ada Generation", 1), Cost: 0.77, DataCenterID: "US-GA-2",
			Image: "ghcr.io/acme/openfold:latest",
		}, {
			ID: HostileNamePodID, Name: hostileName, Status: api.StatusRunning,
			CreatedAt: ago(4 * time.Hour), StartedAt: ago(7 * time.Minute),
			GPU: gpu("NVIDIA GeForce RTX 4090", 1), Cost: 0.34, Cloud: api.CloudCommunity, DataCenterID: "EU-SE-1",
		}, {
			ID: HandedOnPodID, Name: "sdxl-train", Status: api.StatusRunning,
			CreatedAt: ago(3 * day), StartedAt: ago(9 * time.Hour),
			Provisioning: 4 * time.Second, Starting: 3 * time.Second,
			GPU: gpu("NVIDIA RTX A6000", 1), Cost: 0.49, DataCenterID: "US-IL-1",
		},
	}
	for i := range specs {
		specs[i].StartSSH = true
	}
	return specs, nil
}

func gpu(id string, count int) *api.GPU { return &api.GPU{ID: id, Count: count} }

// otherKey is a key that nobody has the private half of: what was registered
// when a pod was created, and is not any more.
func otherKey() (string, error) {
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", fmt.Errorf("make the key of an earlier laptop: %w", err)
	}
	return keyLine(public)
}
