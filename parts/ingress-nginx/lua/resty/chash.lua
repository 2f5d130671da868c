-- Stand-in for lua-resty-balancer: the same key leads to the same node for as long as the nodes stay the same.
local roundrobin = require("resty.roundrobin")

local Chash = setmetatable({}, { __index = roundrobin })
Chash.__index = Chash

function Chash:find(key)
  if #self.names == 0 then
    return nil
  end
  return self.names[ngx.crc32_long(tostring(key)) % #self.names + 1]
end

return Chash
