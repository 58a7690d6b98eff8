# A form without parts, with blanks for what is not given and a hash by its keys.
curl -X POST "$API/tunes" \
  -H "Authorization: Bearer $API_KEY" \
  --data-urlencode 'tune[title]=Ada & Grace, 77%' \
  -d 'tune[name]=couple' \
  -d 'tune[branch]=' \
  -d 'tune[face_crop]=1' \
  -d 'tune[characteristics][eye_color]=green eyes' \
  -d 'tune[image_urls][]=https://files.example.com/1.jpg'
