# Prompts that run once the tune is trained, numbered as in 2022.
curl -X POST "$API/tunes" \
  -H "Authorization: Bearer $API_KEY" \
  -F 'tune[title]=Ada, 5b1f2b' \
  -F 'tune[name]=woman' \
  -F 'tune[images][0]=@1.jpg' \
  -F 'tune[images][1]=@2.jpg' \
  -F 'tune[prompts_attributes][0][text]=zwx woman at the sea' \
  -F 'tune[prompts_attributes][0][callback]=https://hooks.example.com/prompts?user=7&n=0' \
  -F 'tune[prompts_attributes][1][text]=zwx woman in the hills' \
  -F 'tune[prompts_attributes][1][num_images]=8' \
  -F 'tune[prompts_attributes][1][callback]=https://hooks.example.com/prompts?user=7&n=1'
