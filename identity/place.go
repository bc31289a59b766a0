package identity

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// placeNew writes a file that must not exist: it appears at path whole, or the
// error wraps fs.ErrExist and what is there is untouched. A link, unlike a rename,
// fails when its name is taken, on Windows too.
func placeNew(path string, data []byte, mode fs.FileMode) (fs.FileInfo, error) {
	temp, err := writeTemp(filepath.Dir(path), data, mode)
	if err != nil {
		return nil, err
	}
	defer os.Remove(temp)
	if err = os.Link(temp, path); err == nil {
		return os.Lstat(temp)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	// File systems without links (FAT, some network ones): still exclusive, but a
	// crash in the middle leaves a part.
	return writeExclusive(path, data, mode)
}

// writeTemp writes a new file beside its later place and returns its path.
func writeTemp(dir string, data []byte, mode fs.FileMode) (string, error) {
	file, err := os.CreateTemp(dir, ".podbay-*") // 0600
	if err != nil {
		return "", err
	}
	if err := fill(file, data, mode); err != nil {
		return "", errors.Join(err, os.Remove(file.Name()))
	}
	return file.Name(), nil
}

func writeExclusive(path string, data []byte, mode fs.FileMode) (fs.FileInfo, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if err := fill(file, data, mode); err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	return os.Lstat(path)
}

// fill writes and closes a file. The mode is set by itself, past the umask.
func fill(file *os.File, data []byte, mode fs.FileMode) error {
	_, err := file.Write(data)
	if err == nil && modesMatter {
		err = file.Chmod(mode)
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}
