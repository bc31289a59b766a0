//go:build linux

package main

import (
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// The addresses of the tunnel: this machine's, and the one behind it.
const (
	hereAddr  = "10.98.76.1"
	thereAddr = "10.98.76.2"

	tunnelName = "podbaybench"
)

// tunnel is a network that takes its time, with the machine itself at its far end:
// what is sent to thereAddr comes back, half a round trip later, with its two
// addresses exchanged. So the kernel talks to itself over a distance, with every
// packet and acknowledgement of TCP's. The sum of the addresses, and with it the
// checksums, stay as they are.
type tunnel struct {
	file    *os.File
	running sync.WaitGroup
}

// openTunnel makes the interface, which goes when the tunnel is closed. It takes
// root's rights. The loopback interface is set up too: a new network has it down.
func openTunnel(rtt time.Duration) (*tunnel, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("/dev/net/tun: %w", err)
	}
	if err := configure(fd); err != nil {
		unix.Close(fd)
		return nil, err
	}
	t := &tunnel{file: os.NewFile(uintptr(fd), "/dev/net/tun")}
	packets := make(chan parcel, 64<<10)
	t.running.Go(func() {
		defer close(packets)
		for {
			buf := make([]byte, 2048)
			n, err := t.file.Read(buf)
			if err != nil {
				return
			}
			if p := buf[:n]; n >= 20 && p[0]>>4 == 4 {
				for i := 12; i < 16; i++ {
					p[i], p[i+4] = p[i+4], p[i]
				}
				packets <- parcel{time.Now().Add(rtt / 2), p}
			}
		}
	})
	t.running.Go(func() {
		for packet := range packets {
			time.Sleep(time.Until(packet.due))
			_, _ = t.file.Write(packet.data) // a packet that is lost is TCP's affair
		}
	})
	return t, nil
}

func (t *tunnel) close() {
	t.file.Close()
	t.running.Wait()
}

// configure makes the interface up, with an address and a network around it.
func configure(fd int) error {
	ifr, err := unix.NewIfreq(tunnelName)
	if err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr); err != nil {
		return fmt.Errorf("make a TUN interface: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // so that Close ends a Read
		return err
	}
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	up := func(i *unix.Ifreq) error { i.SetUint16(unix.IFF_UP | unix.IFF_RUNNING); return nil }
	for _, step := range []struct {
		name    string
		request uint
		set     func(*unix.Ifreq) error
	}{
		{"lo", unix.SIOCSIFFLAGS, up},
		{tunnelName, unix.SIOCSIFADDR, func(i *unix.Ifreq) error { return i.SetInet4Addr([]byte{10, 98, 76, 1}) }},
		{tunnelName, unix.SIOCSIFNETMASK, func(i *unix.Ifreq) error { return i.SetInet4Addr([]byte{255, 255, 255, 252}) }},
		{tunnelName, unix.SIOCSIFFLAGS, up},
	} {
		ifr, err := unix.NewIfreq(step.name)
		if err != nil {
			return err
		}
		if err := step.set(ifr); err != nil {
			return err
		}
		if err := unix.IoctlIfreq(socket, step.request, ifr); err != nil {
			return fmt.Errorf("set up the interface %s: %w", step.name, err)
		}
	}
	return nil
}
