-- Stand-in for lua-resty-http, which the controller uses for OCSP stapling alone.
return {
  new = function()
    error("OCSP responders are not asked")
  end,
}
