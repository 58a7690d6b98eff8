# A reference: nothing is trained, so there is no callback.
curl -X POST "$API/tunes" \
  -H "Authorization: Bearer $API_KEY" \
  -F 'tune[title]=Ada, face' \
  -F 'tune[name]=woman' \
  -F 'tune[model_type]=faceid' \
  -F 'tune[base_tune_id]=690204' \
  -F 'tune[characteristics]={"hair_color": "red hair"}' \
  -F 'tune[images][]=@1.jpg'
