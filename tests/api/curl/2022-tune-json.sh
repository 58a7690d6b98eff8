# JSON from a file.
cat > data.json <<- EOM
  {
    "tune": {
      "title": "Grace, 17ab",
      "name": "woman",
      "branch": "fast",
      "callback": "https://hooks.example.com/astria?user=7",
      "image_urls": ["https://files.example.com/1.jpg", "https://files.example.com/2.jpg"],
      "prompts_attributes": [
        {"text": "zwx woman at the sea", "callback": "https://hooks.example.com/prompts?n=0"}
      ]
    }
  }
EOM

curl -X POST -H "Content-Type: application/json" -H "Authorization: Bearer $API_KEY" \
  --data @data.json "$API/tunes"
