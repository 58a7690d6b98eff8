# What a picture shows; parameters stand at the top level here.
curl -X POST "$API/images/inspect" \
  -H "Authorization: Bearer $API_KEY" \
  -F 'name=woman' \
  -F 'file=@1.jpg'
curl -X POST "$API/images/inspect" \
  -H "Authorization: Bearer $API_KEY" \
  -F 'name=woman' \
  -F 'file_url=https://files.example.com/1.jpg'
