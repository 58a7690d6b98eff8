# JSON in the command line, and the result a moment later.
curl -X POST "$API/tunes/1504944/prompts" \
  -H "Authorization: Bearer $API_KEY" \
  -H 'Content-Type: application/json' \
  -d '{"prompt": {"text": "a garden", "num_images": 2, "aspect_ratio": "16:9", "cfg_scale": 3}}'
