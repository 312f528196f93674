package main

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"
)

var (
	errTitleEmpty = errors.New("Dashboard title cannot be empty")
	errUIDChars   = errors.New("uid contains illegal characters")
	errUIDLong    = errors.New("uid too long, max 40 characters")
)

// root is the provider's directory with symbolic links followed, so that `current -> gen-42` keeps naming the same generation
// during one scan.
func (p *provider) root() string {
	absolute, err := filepath.Abs(p.path)
	if err != nil {
		return p.path
	}
	if resolved, err := filepath.EvalSymlinks(absolute); err == nil {
		return resolved
	}
	return absolute
}

// scan reads every *.json below the provider's path and writes what changed. The store is locked by the caller.
func (s *store) scan(p *provider, log logger) error {
	root := p.root()
	if _, err := os.Stat(root); err != nil {
		return err
	}
	files := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), "."):
			return filepath.SkipDir
		case !entry.IsDir() && strings.HasSuffix(entry.Name(), ".json"):
			files[path] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, d := range append([]*dashboard{}, s.Dashboards...) {
		if d.Provider != string(p.Name) || files[d.ExternalID] {
			continue
		}
		if p.DisableDeletion {
			d.Provider, d.ExternalID, d.CheckSum = "", "", ""
		} else {
			log.info("deleting provisioned dashboard, missing on disk", "uid", d.UID, "file", d.ExternalID)
			s.deleteDashboard(d)
		}
	}
	p.uids, p.titles = map[string]int{}, map[titleInFolder]int{}
	paths := make([]string, 0, len(files))
	for path := range files {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	for _, path := range paths {
		if err := s.scanFile(p, root, path, log); err != nil {
			log.error("failed to save dashboard", "type", "file", "name", string(p.Name), "file", path, "error", err)
		}
	}
	return nil
}

func (s *store) scanFile(p *provider, root, path string, log logger) error {
	folderUID := s.folderFor(p, root, path)
	data, sum, err := readDashboardFile(path)
	if err != nil {
		log.error("failed to load dashboard from ", "type", "file", "name", string(p.Name), "file", path, "error", err)
		return nil
	}
	uid, _ := data["uid"].(string)
	title, _ := data["title"].(string)
	if err := checkUID(uid); err != nil {
		return err
	}
	if uid != "" {
		p.uids[uid]++
	}
	p.titles[titleInFolder{title, folderUID}]++
	var row *dashboard
	for _, d := range s.Dashboards {
		if d.Provider == string(p.Name) && d.ExternalID == path {
			row = d
		}
	}
	if row != nil && row.CheckSum == sum {
		return nil
	}
	if p.restricted {
		log.warn("Not saving new dashboard due to restricted database access", "provisioner", string(p.Name), "file", path)
		return nil
	}
	if taken := s.dashboardByUID(uid); row == nil {
		row = taken
	} else if taken != nil && taken != row {
		return errors.New("A dashboard with the same uid already exists")
	}
	row = s.write(row, data, folderUID)
	row.Provider, row.ExternalID, row.CheckSum = string(p.Name), path, sum
	return nil
}

func readDashboardFile(path string) (map[string]any, string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, "", err
	}
	var data map[string]any
	if err := decodeJSON(content, &data); err != nil {
		return nil, "", err
	}
	if title, _ := data["title"].(string); strings.TrimSpace(title) == "" {
		return nil, "", errTitleEmpty
	}
	sum := md5.Sum(content)
	return data, hex.EncodeToString(sum[:]), nil
}

func checkUID(uid string) error {
	switch {
	case len(uid) > 40:
		return errUIDLong
	case !uidPattern.MatchString(uid):
		return errUIDChars
	}
	return nil
}

// folderFor finds or makes the folder of a file. Without a folder name there is none, even when a folderUid is given.
func (s *store) folderFor(p *provider, root, path string) string {
	title := string(p.Folder)
	if p.fromTree {
		title = ""
		if dir := filepath.Dir(path); dir != root {
			title = filepath.Base(dir)
		}
	}
	if title == "" {
		return ""
	}
	for _, f := range s.Folders {
		if (p.FolderUID != "" && f.UID == string(p.FolderUID)) || (p.FolderUID == "" && f.Title == title) {
			return f.UID
		}
	}
	made := &folder{ID: s.id(), UID: string(p.FolderUID), Title: title}
	if made.UID == "" {
		made.UID = newUID()
	}
	s.Folders = append(s.Folders, made)
	return made.UID
}

// write puts a dashboard into a row (nil: a new one) and gives it the next version.
func (s *store) write(row *dashboard, data map[string]any, folderUID string) *dashboard {
	if row == nil {
		row = &dashboard{ID: s.id(), UID: newUID(), Created: time.Now().UTC()}
		s.Dashboards = append(s.Dashboards, row)
	}
	if uid, _ := data["uid"].(string); uid != "" {
		row.UID = uid
	}
	row.Title, _ = data["title"].(string)
	row.Version++
	row.FolderUID, row.Updated, row.Data = folderUID, time.Now().UTC(), data
	data["id"], data["uid"], data["version"] = json.Number(jsonInt(row.ID)), row.UID, json.Number(jsonInt(int64(row.Version)))
	return row
}
