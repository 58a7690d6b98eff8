# A wrong key, nothing there, too deep, a bad class word, no picture, and no JSON.
curl -H "Authorization: Bearer sd_wrong" "$API/tunes"
curl -H "Authorization: Bearer $API_KEY" "$API/tunes/1"
curl -H "Authorization: Bearer $API_KEY" "$API/tunes?offset=300"
curl -X POST -H "Authorization: Bearer $API_KEY" "$API/tunes" \
  -F 'tune[title]=x' -F 'tune[name]=a_woman' -F 'tune[images][]=@1.jpg'
curl -X POST -H "Authorization: Bearer $API_KEY" "$API/tunes" \
  -F 'tune[title]=x' -F 'tune[name]=woman'
curl -X POST -H "Authorization: Bearer $API_KEY" -H 'Content-Type: application/json' "$API/tunes" \
  -d '{"tune": '
