package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// datasource is one row; its exported API shape is Grafana's, the rest is bookkeeping.
type datasource struct {
	datasourceDTO
	Prunable bool              `json:"isPrunable"`
	secrets  map[string]string // in memory only: the files bring them back at every start
}

type datasourceDTO struct {
	ID               int64           `json:"id"`
	UID              string          `json:"uid"`
	OrgID            int64           `json:"orgId"`
	Name             string          `json:"name"`
	Type             string          `json:"type"`
	TypeLogoURL      string          `json:"typeLogoUrl"`
	Access           string          `json:"access"`
	URL              string          `json:"url"`
	User             string          `json:"user"`
	Database         string          `json:"database"`
	BasicAuth        bool            `json:"basicAuth"`
	BasicAuthUser    string          `json:"basicAuthUser"`
	WithCredentials  bool            `json:"withCredentials"`
	IsDefault        bool            `json:"isDefault"`
	JSONData         map[string]any  `json:"jsonData,omitempty"`
	SecureJSONFields map[string]bool `json:"secureJsonFields"`
	Version          int             `json:"version"`
	ReadOnly         bool            `json:"readOnly"`
	APIVersion       string          `json:"apiVersion"`
}

var (
	errTooManyDefaults = errors.New("datasource.yaml config is invalid. Only one datasource per organization can be marked as default")
	errNotFound        = errors.New("data source not found")
	errNameExists      = errors.New("data source with the same name already exists")
	errUIDExists       = errors.New("data source with the same uid already exists")
	errNoIdentifier    = errors.New("unique identifier and org id are needed to be able to get or delete a datasource")
	uidPattern         = regexp.MustCompile(`^[a-zA-Z0-9\-_]*$`)
)

// The scalar types interpolate first and convert after, so `isDefault: yes` fails here as it fails in Grafana.
type (
	stringValue string
	boolValue   bool
	intValue    int64
	mapValue    map[string]any
)

func scalar(node *yaml.Node) (string, error) {
	var raw string
	if err := node.Decode(&raw); err != nil {
		return "", err
	}
	return interpolate(raw)
}

func (v *stringValue) UnmarshalYAML(node *yaml.Node) error {
	s, err := scalar(node)
	*v = stringValue(s)
	return err
}

func (v *boolValue) UnmarshalYAML(node *yaml.Node) error {
	s, err := scalar(node)
	if err != nil {
		return err
	}
	b, err := strconv.ParseBool(s)
	*v = boolValue(b)
	return err
}

func (v *intValue) UnmarshalYAML(node *yaml.Node) error {
	s, err := scalar(node)
	if err != nil || s == "" {
		return err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	*v = intValue(n)
	return err
}

func (v *mapValue) UnmarshalYAML(node *yaml.Node) error {
	raw := map[string]any{}
	if err := node.Decode(&raw); err != nil {
		return err
	}
	expanded, err := interpolateAny(raw)
	if err == nil {
		*v = expanded.(map[string]any)
	}
	return err
}

type datasourceFile struct {
	Prune             boolValue         `yaml:"prune"`
	Datasources       []datasourceEntry `yaml:"datasources"`
	DeleteDatasources []struct {
		Name  stringValue `yaml:"name"`
		OrgID intValue    `yaml:"orgId"`
	} `yaml:"deleteDatasources"`
}

type datasourceEntry struct {
	Name            stringValue            `yaml:"name"`
	Type            stringValue            `yaml:"type"`
	UID             stringValue            `yaml:"uid"`
	URL             stringValue            `yaml:"url"`
	Access          stringValue            `yaml:"access"`
	User            stringValue            `yaml:"user"`
	Database        stringValue            `yaml:"database"`
	BasicAuthUser   stringValue            `yaml:"basicAuthUser"`
	OrgID           intValue               `yaml:"orgId"`
	Version         intValue               `yaml:"version"`
	IsDefault       boolValue              `yaml:"isDefault"`
	Editable        boolValue              `yaml:"editable"`
	BasicAuth       boolValue              `yaml:"basicAuth"`
	WithCredentials boolValue              `yaml:"withCredentials"`
	JSONData        mapValue               `yaml:"jsonData"`
	SecureJSONData  map[string]stringValue `yaml:"secureJsonData"`
}

// readYAMLDir hands every *.yaml and *.yml of a directory to read, in name order; a missing directory is only logged.
func readYAMLDir(dir string, log logger, read func(name string, content []byte) error) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		log.error("can't read provisioning files from directory", "path", dir, "error", err)
		return nil
	}
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml") {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if err := read(name, content); err != nil {
			return err
		}
	}
	return nil
}

// requireVersion refuses files without apiVersion: 1. Grafana would read them in a format of 2017; nobody should rely on that.
func requireVersion(name string, content []byte) error {
	var head struct {
		APIVersion int64 `yaml:"apiVersion"`
	}
	if err := yaml.Unmarshal(content, &head); err != nil {
		return err
	}
	if head.APIVersion < 1 && len(strings.TrimSpace(string(content))) > 0 {
		return fmt.Errorf("%s: the stand-in reads apiVersion 1 only", name)
	}
	return nil
}

func readDatasourceFiles(dir string, log logger) ([]datasourceFile, error) {
	var files []datasourceFile
	err := readYAMLDir(dir, log, func(name string, content []byte) error {
		if err := requireVersion(name, content); err != nil {
			return err
		}
		var file datasourceFile
		if err := yaml.Unmarshal(content, &file); err != nil {
			return err
		}
		files = append(files, file)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return files, validateDatasources(files, log)
}

func validateDatasources(files []datasourceFile, log logger) error {
	defaults, names, uids := 0, map[string]bool{}, map[string]bool{}
	for f := range files {
		for i := range files[f].Datasources {
			ds := &files[f].Datasources[i]
			if ds.OrgID != 0 && ds.OrgID != 1 {
				return fmt.Errorf("failed to provision %q data source: organization not found", ds.Name)
			}
			if ds.Access == "" {
				ds.Access = "proxy"
			} else if ds.Access != "proxy" && ds.Access != "direct" {
				log.warn("invalid access value, will use 'proxy' instead", "value", string(ds.Access))
				ds.Access = "proxy"
			}
			if ds.IsDefault {
				defaults++
			}
			if defaults > 1 {
				return errTooManyDefaults
			}
			switch {
			case ds.Name == "":
				return errNoIdentifier
			case len(ds.Name) > 190:
				return errors.New("[datasource.nameInvalid] max length is 190")
			case len(ds.URL) > 255:
				return errors.New("[datasource.urlInvalid] max length is 255")
			case ds.Type == "":
				return fmt.Errorf("data source %q has no type", ds.Name)
			case names[string(ds.Name)]:
				return errNameExists
			case ds.UID != "" && uids[string(ds.UID)]:
				return errUIDExists
			}
			if err := validUID(string(ds.UID)); err != nil {
				return fmt.Errorf("[datasource.uidInvalid] invalid UID for datasource %s: %w", ds.Name, err)
			}
			names[string(ds.Name)], uids[string(ds.UID)] = true, true
		}
	}
	return nil
}

func validUID(uid string) error {
	if len(uid) > 40 {
		return errors.New("UID is longer than 40 symbols")
	}
	if !uidPattern.MatchString(uid) {
		return errors.New("invalid format of UID. Only letters, numbers, '-' and '_' are allowed")
	}
	return nil
}

// provisionDatasources applies the files: all are read and checked before anything changes; after that each entry stands alone, so
// an error in the middle leaves what came before it, as in Grafana.
func (s *store) provisionDatasources(dir string) error {
	log := logger("provisioning.datasources")
	files, err := readDatasourceFiles(dir, log)
	if err != nil {
		return fmt.Errorf("Datasource provisioning error: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.applyDatasources(files, log)
	if saveErr := s.save(); err == nil {
		err = saveErr
	}
	if err != nil {
		return fmt.Errorf("Datasource provisioning error: %w", err)
	}
	return nil
}

func (s *store) applyDatasources(files []datasourceFile, log logger) error {
	named := map[string]bool{}
	for _, file := range files {
		for _, ds := range file.Datasources {
			named[string(ds.Name)] = true
		}
		for _, ds := range file.DeleteDatasources {
			named[string(ds.Name)] = true
		}
	}
	for _, ds := range append([]*datasource{}, s.Datasources...) {
		if ds.Prunable && !named[ds.Name] {
			s.deleteDatasource(ds.Name, log)
		}
	}
	for _, file := range files {
		for _, ds := range file.DeleteDatasources {
			if ds.Name == "" {
				return errNoIdentifier
			}
			s.deleteDatasource(string(ds.Name), log)
		}
		for _, entry := range file.Datasources {
			if err := s.upsertDatasource(entry, bool(file.Prune), log); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *store) deleteDatasource(name string, log logger) {
	kept := []*datasource{}
	for _, ds := range s.Datasources {
		if ds.Name == name {
			log.info("deleted datasource based on configuration", "name", name)
			continue
		}
		kept = append(kept, ds)
	}
	s.Datasources = kept
}

// upsertDatasource finds by name. A changed uid under an old name is Grafana's "data source not found": it looks for both at once.
func (s *store) upsertDatasource(entry datasourceEntry, prune bool, log logger) error {
	var row *datasource
	for _, ds := range s.Datasources {
		if ds.Name == string(entry.Name) {
			row = ds
		}
	}
	uid := string(entry.UID)
	switch {
	case row != nil && uid != "" && row.UID != uid:
		return errNotFound
	case row != nil:
		uid = row.UID
	case uid == "":
		sum := sha256.Sum256([]byte(entry.Name))
		uid = strings.ToUpper(fmt.Sprintf("P%x", sum[:8]))
	}
	if row == nil {
		if s.datasourceByUID(uid) != nil {
			return errUIDExists
		}
		log.info("inserting datasource from configuration", "name", string(entry.Name), "uid", uid)
		row = &datasource{datasourceDTO: datasourceDTO{ID: s.id()}}
		s.Datasources = append(s.Datasources, row)
	}
	row.datasourceDTO = datasourceDTO{
		ID: row.ID, UID: uid, OrgID: 1, Name: string(entry.Name), Type: string(entry.Type), TypeLogoURL: "public/img/icn-datasource.svg",
		Access: string(entry.Access), URL: string(entry.URL), User: string(entry.User), Database: string(entry.Database),
		BasicAuth: bool(entry.BasicAuth), BasicAuthUser: string(entry.BasicAuthUser), WithCredentials: bool(entry.WithCredentials),
		IsDefault: bool(entry.IsDefault), JSONData: entry.JSONData, SecureJSONFields: map[string]bool{}, Version: 1, ReadOnly: !bool(entry.Editable),
	}
	if row.JSONData == nil {
		row.JSONData = map[string]any{}
	}
	row.Prunable, row.secrets = prune, map[string]string{}
	for key, value := range entry.SecureJSONData {
		if value != "" {
			row.secrets[key], row.SecureJSONFields[key] = string(value), true
		}
	}
	s.onlyDefault(row)
	return nil
}

func (s *store) onlyDefault(row *datasource) {
	for _, other := range s.Datasources {
		if row.IsDefault && other != row {
			other.IsDefault = false
		}
	}
}

func (s *store) datasourceByUID(uid string) *datasource {
	for _, ds := range s.Datasources {
		if ds.UID == uid {
			return ds
		}
	}
	return nil
}
