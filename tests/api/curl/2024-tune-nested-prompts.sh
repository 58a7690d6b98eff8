# The same as it is written now: a key that repeats begins the next prompt.
curl -X POST "$API/tunes" \
  -H "Authorization: Bearer $API_KEY" \
  -F 'tune[title]=Ada, 5b1f2c' \
  -F 'tune[name]=woman' \
  -F 'tune[base_tune_id]=1504944' \
  -F 'tune[model_type]=lora' \
  -F 'tune[preset]=flux-lora-portrait' \
  -F 'tune[images][]=@1.jpg' \
  -F 'tune[images][]=@2.jpg' \
  -F 'tune[prompts_attributes][][text]=ohwx woman at the sea' \
  -F 'tune[prompts_attributes][][num_images]=2' \
  -F 'tune[prompts_attributes][][callback]=https://hooks.example.com/prompts?n=0' \
  -F 'tune[prompts_attributes][][text]=ohwx woman in the hills' \
  -F 'tune[prompts_attributes][][super_resolution]=true'
