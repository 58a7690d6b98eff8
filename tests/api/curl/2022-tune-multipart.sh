# A tune from files, as a form with parts.
curl -X POST "$API/tunes" \
  -H "Authorization: Bearer $API_KEY" \
  -F 'tune[title]=Ada, 5b1f2a' \
  -F 'tune[name]=woman' \
  -F 'tune[branch]=fast' \
  -F 'tune[callback]=https://hooks.example.com/astria?user=7' \
  -F 'tune[images][]=@1.jpg' \
  -F 'tune[images][]=@2.jpg' \
  -F 'tune[images][]=@3.jpg'
