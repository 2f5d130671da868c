-- Stand-in for lua-resty-global-throttle, which needs a memcached: nothing is throttled.
return {
  new = function()
    return nil, "requests are not throttled"
  end,
}
