-- Stand-in for lua-resty-cookie: no cookie is read or set, so every request of a session is balanced anew.
local Cookie = {}
Cookie.__index = Cookie

function Cookie.new(class)
  return setmetatable({}, class)
end

function Cookie.get()
  return nil, "cookies are not read"
end

function Cookie.set()
  return true
end

return Cookie
