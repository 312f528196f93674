package main

import (
	"bytes"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// store is what Grafana keeps in its database. It outlives the container when the data path is a volume, and with it the traps:
// the first admin password, data sources that left the files, dashboard versions.
type store struct {
	mu       sync.Mutex
	path     string
	attempts []time.Time // failed logins of the administrator

	NextID      int64         `json:"nextId"`
	Admin       user          `json:"admin"`
	Datasources []*datasource `json:"datasources"`
	Folders     []*folder     `json:"folders"`
	Dashboards  []*dashboard  `json:"dashboards"`
	Annotations []annotation  `json:"annotations"`
}

type user struct {
	Login string `json:"login"`
	Salt  string `json:"salt"`
	Hash  string `json:"hash"`
}

type folder struct {
	ID    int64  `json:"id"`
	UID   string `json:"uid"`
	Title string `json:"title"`
}

type dashboard struct {
	ID         int64          `json:"id"`
	UID        string         `json:"uid"`
	Title      string         `json:"title"`
	FolderUID  string         `json:"folderUid"`
	Version    int            `json:"version"`
	Data       map[string]any `json:"data"`
	Created    time.Time      `json:"created"`
	Updated    time.Time      `json:"updated"`
	Provider   string         `json:"provider,omitempty"` // empty: not provisioned
	ExternalID string         `json:"externalId,omitempty"`
	CheckSum   string         `json:"checkSum,omitempty"`
}

func openStore(dataPath, login, password string, log logger) (*store, error) {
	s := &store{path: filepath.Join(dataPath, "stand-in.db.json")}
	content, err := os.ReadFile(s.path)
	if err == nil {
		if err := decodeJSON(content, s); err != nil {
			return nil, fmt.Errorf("database %s is damaged: %w", s.path, err)
		}
		return s, nil
	}
	if !os.IsNotExist(err) {
		return nil, err
	}
	s.Admin.Login = login
	s.setPassword(password)
	log.info("Created default admin", "user", login)
	return s, s.save()
}

func (s *store) save() error {
	content, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.path+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(s.path+".new", s.path)
}

func (s *store) id() int64 {
	s.NextID++
	return s.NextID
}

func (s *store) setPassword(password string) {
	s.Admin.Salt = newUID()
	s.Admin.Hash = hash(password, s.Admin.Salt)
}

func (s *store) passwordIs(password string) bool {
	return subtle.ConstantTimeCompare([]byte(hash(password, s.Admin.Salt)), []byte(s.Admin.Hash)) == 1
}

func (s *store) dashboardByUID(uid string) *dashboard {
	for _, d := range s.Dashboards {
		if uid != "" && d.UID == uid {
			return d
		}
	}
	return nil
}

func (s *store) folderByUID(uid string) *folder {
	for _, f := range s.Folders {
		if uid != "" && f.UID == uid {
			return f
		}
	}
	return nil
}

func (s *store) deleteDashboard(gone *dashboard) {
	kept := []*dashboard{}
	for _, d := range s.Dashboards {
		if d != gone {
			kept = append(kept, d)
		}
	}
	s.Dashboards = kept
}

func hash(password, salt string) string {
	key, err := pbkdf2.Key(sha256.New, password, []byte(salt), 10000, 32)
	if err != nil {
		panic(err)
	}
	return hex.EncodeToString(key)
}

func newUID() string {
	raw := make([]byte, 7)
	_, _ = rand.Read(raw)
	return hex.EncodeToString(raw)
}

// decodeJSON keeps numbers as written, so that a dashboard comes back as it went in.
func decodeJSON(content []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if decoder.More() {
		return fmt.Errorf("unexpected data after the JSON value")
	}
	return nil
}
