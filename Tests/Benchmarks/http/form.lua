-- Two pictures of 60 KB as a form, as the service gets them.
local boundary = "----amalgam7MA4YWxkTrZu0gW"
local bytes = {}
for index = 1, 60000 do bytes[index] = string.char((index * 2654435761) % 4294967296 / 16777216) end
local picture = table.concat(bytes)
local function part(name)
  return "--" .. boundary .. '\r\nContent-Disposition: form-data; name="' .. name .. '"; filename="' .. name
    .. '.png"\r\nContent-Type: image/png\r\n\r\n' .. picture .. "\r\n"
end
wrk.method = "POST"
wrk.headers["Content-Type"] = "multipart/form-data; boundary=" .. boundary
wrk.body = part("mri") .. part("ct") .. "--" .. boundary .. "--\r\n"
