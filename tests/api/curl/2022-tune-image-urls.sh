# Pictures that Astria fetches.
curl -X POST "$API/tunes" \
  -H "Authorization: Bearer $API_KEY" \
  -F 'tune[title]=Tom, 9c20' \
  -F 'tune[name]=cat' \
  -F 'tune[image_urls][]=https://files.example.com/1.jpg' \
  -F 'tune[image_urls][]=https://files.example.com/2.jpg'
