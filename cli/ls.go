package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"podbay/manager"
)

func (a *app) lsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:        "ls",
		Aliases:    []string{"list"},
		SuggestFor: []string{"pods", "status"},
		Short:      "Print the pods, and how their SSH answers",
		Long: `Print the pods, with what was measured of their SSH.

PUBLIC IP and PORT 22 are what RunPod reports; SSH is what podbay
measured just now. With --json each pod is an object with the verdict
that podbay doctor gives, as far as it can be told without a login;
fields may be added later.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(cmd.Context(), m)
			}
			return a.printTable(cmd.Context(), m)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// measured lists the pods and waits for every probe.
func measured(ctx context.Context, m *manager.Manager) (manager.Listing, error) {
	listing, err := m.Refresh(ctx)
	if err != nil {
		return listing, err
	}
	listing.Pods = slices.Clone(listing.Pods) // they are the manager's
	index := make(map[string]int, len(listing.Pods))
	for i, p := range listing.Pods {
		index[p.ID] = i
	}
	for row := range m.Probe(ctx, listing.Pods) {
		listing.Pods[index[row.ID]] = row
	}
	return listing, context.Cause(ctx)
}

func (a *app) printTable(ctx context.Context, m *manager.Manager) error {
	listing, err := measured(ctx, m)
	if err != nil {
		return err
	}
	if len(listing.Pods) == 0 {
		_, err := fmt.Fprintln(a.std.Out, "no pods yet: make one at https://console.runpod.io")
		return err
	}
	return writeTable(a.std.Out, listing)
}

func writeTable(w io.Writer, listing manager.Listing) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tID\tSTATUS\tGPU\tPUBLIC IP\tPORT 22\tSSH\t$/H\tUPTIME")
	for _, p := range listing.Pods {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%.2f\t%s\n",
			p.Name, p.ID, p.Status, p.GPU, p.IPWord(), p.PortWord(), p.Verdict.Word, p.CostPerHour, p.UptimeWord(listing.At))
	}
	return table.Flush()
}

// podJSON is a pod as "podbay ls --json" prints it.
type podJSON struct {
	ID          string        `json:"id"`
	Name        string        `json:"name"`
	Status      string        `json:"status"`
	GPU         string        `json:"gpu"`
	Image       string        `json:"image"`
	DataCenter  string        `json:"dataCenter"`
	CostPerHour float64       `json:"costPerHour"`
	StartedAt   *time.Time    `json:"startedAt"`
	PublicIP    string        `json:"publicIP"`
	Port22      port22JSON    `json:"port22"`
	Route       routeJSON     `json:"route"`
	SSH         sshJSON       `json:"ssh"`
	Verdict     verdictJSON   `json:"verdict"`
	Also        []verdictJSON `json:"also"` // what else is in the way, or limits it

	HostKey *hostKeyJSON `json:"hostKey"` // null: never seen
}

type hostKeyJSON struct {
	Type        string               `json:"type"`
	Fingerprint string               `json:"fingerprint"`
	Trust       manager.HostKeyTrust `json:"trust"` // "log", "user", "against-log", "authority"; "" is not remembered
	At          *time.Time           `json:"at"`    // when it was first trusted
	SharedWith  []string             `json:"sharedWith"`
}

type port22JSON struct {
	Exposed bool `json:"exposed"`
	Public  *int `json:"public"` // null: none
}

type routeJSON struct {
	Kind    manager.RouteKind `json:"kind"`
	Addr    string            `json:"addr"`
	User    string            `json:"user"`
	Command string            `json:"command"`
	Reason  string            `json:"reason"`
}

// sshJSON is what was measured.
type sshJSON struct {
	Server   string     `json:"server"`
	Latency  *float64   `json:"latencyMs"` // to the banner; null: not measured, or no answer
	ProbedAt *time.Time `json:"probedAt"`
}

func (a *app) printJSON(ctx context.Context, m *manager.Manager) error {
	listing, err := measured(ctx, m)
	if err != nil {
		return err
	}
	pods := make([]podJSON, 0, len(listing.Pods))
	for _, p := range listing.Pods {
		pods = append(pods, podJSON{
			ID: p.ID, Name: p.Name, Status: p.Status, GPU: p.GPU, Image: p.Image, DataCenter: p.DataCenter,
			CostPerHour: p.CostPerHour, StartedAt: optional(p.StartedAt), PublicIP: p.PublicIP,
			Port22:  port22JSON{Exposed: p.Exposes22, Public: nonZero(p.PublicPort)},
			Route:   routeJSON{p.Route.Kind, p.Route.Addr, p.Route.User, p.Route.Command, p.Route.Reason},
			SSH:     sshJSON{p.ServerVersion, nonZero(float64(p.Latency) / float64(time.Millisecond)), optional(p.Probed)},
			Verdict: verdictOf(p.Verdict), Also: verdictsOf(p.Also),
			HostKey: hostKeyOf(p.HostKey),
		})
	}
	encoder := json.NewEncoder(a.std.Out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		At   time.Time `json:"at"`
		Pods []podJSON `json:"pods"`
	}{listing.At.UTC(), pods})
}

func hostKeyOf(k manager.HostKey) *hostKeyJSON {
	if k.Fingerprint == "" {
		return nil
	}
	return &hostKeyJSON{k.Type, k.Fingerprint, k.Trust, optional(k.At), k.SharedWith}
}

// nonZero is v, or null in JSON when there is none.
func nonZero[T int | float64](v T) *T {
	if v == 0 {
		return nil
	}
	return &v
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
