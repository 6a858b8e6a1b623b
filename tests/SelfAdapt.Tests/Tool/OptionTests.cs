using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using SelfAdapt.Tool;
using SelfAdapt.Tool.CommandLine;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Runs;
using ToolProgram = SelfAdapt.Tool.Program;

namespace SelfAdapt.Tests.Tool;

/// <summary>All options of all verbs: how their words are read, and what is said of them.</summary>
[TestClass]
internal sealed class OptionTests : IDisposable
{
    private static readonly RootCommand Root =
        ToolProgram.CreateRoot(new Terminal(TextWriter.Null, TextWriter.Null, interactive: false, default));

    private readonly ToolRun _at = new();

    private static IEnumerable<(Command Verb, SettingOption Option)> All =>
        Root.Subcommands.SelectMany(v => v.Options.OfType<SettingOption>().Select(o => (v, o)));

    private static IEnumerable<(Command Verb, SettingOption Option)> Numeric =>
        All.Where(o => o.Option.Form is { IsNumber: true });

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void EveryNumericOption_WhatIsNoPlainNumber_IsRefusedAndNamed()
    {
        string[] wrong =
        [
            "20,5", "20,", ",5", "1,000", "1.000,5", "1,000.5", "1'000", "1 000", "1_000", "20٫5", "٢٠", "２０", "−5",
            "NaN", "∞", "-∞", "Infinity", "1e999", "0x10", "5%", "five", "", " ", "--", "20,5GB", "1.000,5GB", "NaNGB",
        ];
        foreach ((Command verb, SettingOption option) in Numeric)
        {
            foreach (string word in wrong)
            {
                string[] errors = [.. Root.Parse([verb.Name, $"{option.Name}={word}"]).Errors.Select(e => e.Message)];
                Assert.IsTrue(
                    errors.Any(e => e.Contains($"{option.Name}", StringComparison.Ordinal)
                        && !e.Contains("is required", StringComparison.Ordinal)),
                    $"{verb.Name} {option.Name}={word}: {string.Join(' ', errors)}");
            }
        }

        Assert.IsGreaterThan(60, Numeric.Count());
    }

    [TestMethod]
    public void EveryNumericOption_DecimalComma_IsAnsweredWithThePoint()
    {
        int asked = 0;
        foreach ((Command verb, SettingOption option) in Numeric.Where(o => o.Option.Form!.Read("20.5") is not null))
        {
            ToolResult result = ToolRun.Expect(ExitCode.Usage, "write 20.5.", verb.Name, option.Name, "20,5");
            StringAssert.Contains(result.Error, $"{option.Name} is '20,5'", StringComparison.Ordinal);
            asked++;
        }

        Assert.IsGreaterThan(25, asked);
    }

    [TestMethod]
    public void EveryNumericOption_OtherCultures_ReadTheSame()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        CultureInfo comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (comma.NumberFormat.NumberDecimalSeparator, comma.NumberFormat.NumberGroupSeparator) = (",", ".");
        comma.NumberFormat.NegativeSign = "~";
        try
        {
            CultureInfo.CurrentCulture = comma;
            foreach ((_, SettingOption option) in Numeric)
            {
                object? plain = option.Form!.Read("20.5");
                Assert.IsTrue(plain is null or 20.5 or DiameterChoice { Pixels: 20.5 }, option.Name);
                Assert.IsTrue(plain is not double || option.Form.Read("-1e3") is -1000.0, option.Name);
                Assert.IsNull(option.Form.Read("20,5"), option.Name);
                if (option.StandardWord is { } word)
                {
                    Assert.AreEqual(word, WordForm.Write(option.Form.Read(word)), option.Name);
                    Assert.IsNull(option.Fault(word), option.Name);
                }
            }
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [TestMethod]
    [DataRow("--learning-rate", "1e-4", true)]
    [DataRow("--iterations", "1e3", false)]
    [DataRow("--iterations", "10.0", false)]
    [DataRow("--iterations", "+10", true)]
    [DataRow("--flow-threshold", "-1.5", true)]
    [DataRow("--flow-threshold", ".5", true)]
    [DataRow("--seed", "18446744073709551615", true)]
    [DataRow("--seed", "18446744073709551616", false)]
    [DataRow("--iterations", "99999999999", false)]
    public void Number_ItsForms_AreReadOrRefused(string option, string word, bool isRead)
    {
        SettingOption found = Root.Subcommands.Single(v => v.Name == "adapt").Options.OfType<SettingOption>()
            .Single(o => o.Name == option);
        Assert.AreEqual(isRead, found.Fault(word) is null, found.Fault(word));
    }

    [TestMethod]
    public void RunJson_EveryNumericOption_DecimalCommaIsRefusedNamingTheFile()
    {
        string config = _at.At("c.json");
        foreach ((_, SettingOption option) in Numeric.Where(o => o.Verb.Name == "adapt"))
        {
            File.WriteAllText(config, $$$"""{"verb":"adapt","options":{"{{{option.Name}}}":"20,5"}}""");
            ToolResult result = ToolRun.Expect(
                ExitCode.Usage, $"c.json: {option.Name} is '20,5'", "adapt", "--config", config, "--out",
                _at.At("out"));
            Assert.IsFalse(Directory.Exists(_at.At("out")), result.Error);
        }
    }

    [TestMethod]
    [DataRow("20.5")]
    [DataRow("\"20.5\"")]
    [DataRow("2.05e1")]
    public void RunJson_NumberOrItsText_IsTheNumber(string value)
    {
        File.WriteAllText(_at.At("c.json"), $$$"""{"verb":"adapt","options":{"--diameter":{{{value}}}}}""");
        string[] words = ["adapt", "--config", _at.At("c.json")];
        IReadOnlyList<string> all = RunConfig.Expand(words, Root.Parse(words), []);
        Assert.AreEqual(20.5, double.Parse(all[^1], CultureInfo.InvariantCulture));
    }

    [TestMethod]
    [DataRow("adapt --iteration 5", "Did you mean --iterations?")]
    [DataRow("adapt --iteration=5", "Did you mean --iterations?")]
    [DataRow("segment --pretraind_model m", "Did you mean --pretrained-model?")]
    [DataRow("segmnt --model m", "'segmnt'. Did you mean segment?")]
    [DataRow("segment --engine biultin", "Did you mean builtin?")]
    public void Typo_NearAWord_IsAnsweredWithIt(string line, string expected) =>
        ToolRun.Expect(ExitCode.Usage, expected, line.Split(' '));

    [TestMethod]
    public void Typo_FarFromAnyWord_GetsNoGuess() => Assert.DoesNotContain(
        "Did you mean", ToolRun.Expect(ExitCode.Usage, "--help", "adapt", "--frobnicate").Error);

    [TestMethod]
    public void Adapt_OptionsThatDoNotGoTogether_AreCalledByTheirFlags()
    {
        ToolResult result = ToolRun.Expect(
            ExitCode.Usage, "--warmup takes 700 steps", "adapt", "--model", "m", "--images", "i", "--out", "o",
            "--warmup", "700");
        StringAssert.Contains(result.Error, "raise --iterations", StringComparison.Ordinal);
        Assert.DoesNotContain("Warmup", result.Error);
    }

    [TestMethod]
    public void Help_OfTheVerbs_ShowsFewOptionsAndWithAllEveryOne()
    {
        foreach (Command verb in Root.Subcommands)
        {
            string few = ToolRun.Run(verb.Name, "--help").Out;
            string all = ToolRun.Run(verb.Name, "--help", "all").Out;
            int shown = few.Split('\n').Count(l => l.StartsWith("  --", StringComparison.Ordinal));
            Assert.IsLessThanOrEqualTo(12, shown, few);
            foreach (SettingOption option in verb.Options.OfType<SettingOption>())
            {
                StringAssert.Matches(all, new Regex($"^  {Regex.Escape(option.Name)}( <|\\s)", RegexOptions.Multiline));
                foreach (string word in option.Form?.Words ?? [])
                {
                    StringAssert.Contains(all, word, StringComparison.Ordinal);
                }
            }
        }
    }

    [TestMethod]
    public void EveryOption_OfAVerb_HasANameOfItsOwn()
    {
        foreach (Command verb in Root.Subcommands)
        {
            CollectionAssert.AllItemsAreUnique(
                verb.Options.SelectMany(o => o.Aliases.Prepend(o.Name)).ToList(), verb.Name);
        }
    }

    [TestMethod]
    public void OptionsPage_OfTheDocumentation_IsWhatTheOptionsSay()
    {
        string path = Path.Combine(RepositoryFolder.Root, "docs", "options.md");
        string page = OptionsPage.Of(Root);
        if (Environment.GetEnvironmentVariable(OptionsPage.Rewrite) == "1")
        {
            File.WriteAllText(path, page);
        }

        Assert.AreEqual(page, File.ReadAllText(path), $"{OptionsPage.Rewrite}=1 writes it anew");
    }
}
