package org.example.stories;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.test.context.SpringBootTest;

/** The application over real HTTP. The property nextclass.model says which model. */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
class StoriesApplicationTest {
  @Value("${local.server.port}")
  private int port;

  private String get(String pathAndQuery) throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      URI uri = URI.create("http://127.0.0.1:" + port + pathAndQuery);
      var response = client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
      assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
      return response.body();
    }
  }

  @Test
  void tellsTheSameStoryForTheSameSeed() throws Exception {
    String story = get("/story?beginning=Once%20upon%20a%20time&seed=3");

    assertThat(story.split(" ")).hasSizeGreaterThan(20);
    assertThat(get("/story?beginning=Once%20upon%20a%20time&seed=3")).isEqualTo(story);
  }

  @Test
  void labels() throws Exception {
    assertThat(get("/label?text=The%20soup%20was%20cold.&labels=praise,complaint"))
        .contains("\"label\":\"praise\"", "\"label\":\"complaint\"", "\"probability\":0.");
  }
}
