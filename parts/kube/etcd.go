package main

import (
	"errors"
	"net/url"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// startEtcd runs one member of etcd in this process and returns the address that its clients use. What it stores
// lives in the folder and is not synced to disk: it is worth nothing after the test.
func startEtcd(folder string) (string, error) {
	anyPort := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	config := embed.NewConfig()
	config.Dir = folder
	config.LogLevel = "error"
	config.UnsafeNoFsync = true
	config.ListenClientUrls, config.AdvertiseClientUrls = anyPort, anyPort
	config.ListenPeerUrls, config.AdvertisePeerUrls = anyPort, anyPort
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	member, err := embed.StartEtcd(config)
	if err != nil {
		return "", err
	}
	select {
	case <-member.Server.ReadyNotify():
		return "http://" + member.Clients[0].Addr().String(), nil
	case err := <-member.Err():
		return "", err
	case <-time.After(30 * time.Second):
		return "", errors.New("etcd was not ready within 30 s")
	}
}
