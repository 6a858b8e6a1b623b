using System.Text.Json.Nodes;
using SelfAdapt.Segmentation.Packages;

namespace SelfAdapt.Tests.Segmentation.Packages;

[TestClass]
internal sealed class YamlTests
{
    [TestMethod]
    public void Read_BlocksListsAndTexts_GivesWhatJsonWould()
    {
        const string Yaml = """
            %YAML 1.2
            ---
            # a comment
            name: U-Net 2D   # and one behind
            "quoted key": 'it''s'
            list:
            - a: 1
              b: [1, -2.5, "x, y", {k: v}]
            -
              c: ~
            - - nested
              - true
            folded: one
              two
            long: >
              first
              second
            literal: |-
              line 1
                line 2
            escapes: "tab\tcode\u0041"
            wrapped: "begins
              ends"
            empty:
            url: http://host:80/a#b
            version: 0.5.7
            power: 1.0e-6
            """;
        JsonNode expected = JsonNode.Parse("""
            {"name": "U-Net 2D", "quoted key": "it's",
             "list": [{"a": 1, "b": [1, -2.5, "x, y", {"k": "v"}]}, {"c": null}, ["nested", true]],
             "folded": "one two", "long": "first second\n", "literal": "line 1\n  line 2",
             "escapes": "tab\tcodeA", "wrapped": "begins ends", "empty": null, "url": "http://host:80/a#b",
             "version": "0.5.7", "power": 1e-6}
            """)!;

        JsonObject actual = YamlReader.Read(Yaml, "t.yaml");

        Assert.IsTrue(JsonNode.DeepEquals(expected, JsonNode.Parse(actual.ToJsonString())), actual.ToJsonString());
    }

    [TestMethod]
    [DataRow("a: &x 1", "line 1")]
    [DataRow("a: 1\nb: !tag x", "line 2")]
    [DataRow("a: 1\n  b: 2\n c: 3", "line")]
    [DataRow("a: [1, 2", "line 1")]
    [DataRow("a: \"open", "line 1")]
    [DataRow("a: 1\na: 2", "twice")]
    [DataRow("- 1", "no mapping")]
    [DataRow("", "no mapping")]
    [DataRow("a:\n\tb: 1", "tab")]
    [DataRow("a: \"\\ud83d\\u0041\"", "line 1")]
    public void Read_WhatIsNotRead_IsRefusedWithItsLine(string yaml, string word)
    {
        SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(() => YamlReader.Read(yaml, "t.yaml"));
        Assert.AreEqual(ErrorKind.ModelMalformed, e.Kind);
        StringAssert.Contains(e.Message, word, StringComparison.Ordinal);
    }

    [TestMethod]
    public void Read_DeepNesting_IsRefused()
    {
        foreach (string yaml in (string[])
            ["a: " + new string('[', 100_000), "a:\n " + string.Concat(System.Linq.Enumerable.Repeat("- ", 100_000))])
        {
            Assert.AreEqual(
                ErrorKind.ModelMalformed,
                Assert.ThrowsExactly<SelfAdaptException>(() => YamlReader.Read(yaml, "t.yaml")).Kind);
        }
    }

    [TestMethod]
    public void Read_CutAnywhere_IsReadOrRefused()
    {
        string yaml = YamlWriter.Write(new JsonObject
        {
            ["a"] = new JsonArray(new JsonObject { ["b"] = "x: \"y\"", ["c"] = new JsonArray(1, 2) }),
        }) + "t: |\n  x\nf: {a: [1, 'b']}\n";
        for (int cut = 0; cut < yaml.Length; cut++)
        {
            try
            {
                YamlReader.Read(yaml[..cut], "t.yaml");
            }
            catch (SelfAdaptException e)
            {
                Assert.AreEqual(ErrorKind.ModelMalformed, e.Kind);
            }
        }
    }

    [TestMethod]
    public void Write_AnyValue_ReadsBackTheSame()
    {
        JsonObject value = new()
        {
            ["plain"] = "some words",
            ["y"] = "y",
            ["text"] = "a: b # c\n\"quoted\" \\ \u0007 Zelle µm",
            ["numbers"] = new JsonArray(1, -2, 0.25, 1e300),
            ["words"] = new JsonArray("true", "null", "12", "-", "", "yes", "2026-01-01"),
            ["nested"] = new JsonArray(
                new JsonObject { ["a"] = new JsonArray(new JsonArray("x"), new JsonObject()), ["b"] = true },
                new JsonArray()),
        };

        JsonObject back = YamlReader.Read(YamlWriter.Write(value), "t.yaml");

        Assert.IsTrue(JsonNode.DeepEquals(
            JsonNode.Parse(value.ToJsonString()), JsonNode.Parse(back.ToJsonString())), back.ToJsonString());
    }
}
