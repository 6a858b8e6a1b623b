using System.Reflection;
using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Supervised;
using SelfAdapt.Segmentation;
using SelfAdapt.ShallowToDeep.Enhancer;
using SelfAdapt.ShallowToDeep.Forest;
using SelfAdapt.ShallowToDeep.Instances;
using SelfAdapt.ShallowToDeep.Strokes;

namespace SelfAdapt.Tests.Files;

/// <summary>The attributes that say what an option is, and the check that walks over them.</summary>
[TestClass]
internal sealed class SettingsTests
{
    private static readonly object[] Records =
    [
        new AdaptationOptions(), new StrongAugmentationRanges(), new SegmentationOptions(), new TrainingSetOptions(),
        new TrainerOptions(), new ForestOptions(), new PaintOptions(), new InstanceOptions(), new EnhancerOptions(),
    ];

    [TestMethod]
    public void EveryRecord_Numbers_HaveASetting()
    {
        foreach (PropertyInfo property in Records.SelectMany(r => r.GetType().GetProperties())
            .Where(p => p.SetMethod is not null && p.PropertyType != typeof(bool)))
        {
            Assert.IsNotNull(
                property.GetCustomAttribute<SettingAttribute>(), $"{property.DeclaringType!.Name}.{property.Name}");
        }
    }

    [TestMethod]
    public void EveryRecord_BeyondAnEndOfARange_IsRefusedByName()
    {
        int tried = 0;
        foreach ((object record, PropertyInfo property, SettingAttribute setting) in Records.SelectMany(r =>
            Settings.Of(r.GetType()).Select(s => (r, s.Property, s.Setting))))
        {
            object? standard = property.GetValue(record);
            foreach (object wrong in Beyond(standard, setting))
            {
                property.SetValue(record, wrong);
                SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(() => Settings.Check(record));
                Assert.AreEqual(ErrorKind.InvalidOption, error.Kind);
                StringAssert.Contains(error.Message, $"{property.Name} is ", StringComparison.Ordinal);
                property.SetValue(record, standard);
                tried++;
            }
        }

        Assert.IsGreaterThan(90, tried);
    }

    [TestMethod]
    public void Of_InheritedOptions_ComeLast_TheFartherTheLater_WhereverTheirTypesStand() =>
        CollectionAssert.AreEqual(
            new[] { nameof(Own.Mine), nameof(Parents.Nearer), nameof(Grandparents.Farther) },
            Settings.Of(typeof(Own)).Select(s => s.Property.Name).ToArray());

    [TestMethod]
    public void Check_ValueInsideAnOption_IsNamedWithBoth()
    {
        SegmentationOptions options = new() { Channels = new ChannelPair(1, -1) };
        StringAssert.Contains(
            Assert.ThrowsExactly<SelfAdaptException>(options.Validate).Message, "Channels.Second is -1",
            StringComparison.Ordinal);
    }

    [TestMethod]
    public void Json_IsWrittenInOneStyle()
    {
        // Packages write YAML; what is JSON there is part of a message.
        string[] own =
            ["new JsonSerializerOptions", "JsonSerializerOptions Format", "ToJsonString()", "JsonWriterOptions Format"];
        foreach (string file in ((string[])["src", "tools"])
            .SelectMany(f => Directory.GetFiles(
                Path.Combine(RepositoryFolder.Root, f), "*.cs", SearchOption.AllDirectories))
            .Where(f => Path.GetFileName(Path.GetDirectoryName(f)) != "Packages"))
        {
            string text = File.ReadAllText(file);
            Assert.IsFalse(own.Any(o => text.Contains(o, StringComparison.Ordinal)), file);
            Assert.AreEqual(
                text.Split("new Utf8JsonWriter(").Length + text.Split("Utf8JsonWriter json = new(").Length,
                text.Split("JsonStyle.Writer").Length + 1, file);
        }
    }

    private static IEnumerable<object> Beyond(object? standard, SettingAttribute setting)
    {
        switch (standard)
        {
            case double:
                yield return double.NaN;
                foreach (double end in new[] { setting.Min, setting.Max }.Where(double.IsFinite))
                {
                    yield return end == setting.Min ? double.BitDecrement(end) : double.BitIncrement(end);
                }

                break;
            case int:
                foreach (double end in new[] { setting.Min - 1, setting.Max + 1 }
                    .Where(e => e is >= int.MinValue and <= int.MaxValue))
                {
                    yield return (int)end;
                }

                break;
            case Enum choice:
                yield return Enum.ToObject(choice.GetType(), 99);
                break;
            default:
                break;
        }
    }

    private abstract record Grandparents
    {
        [Setting("The farther")]
        public string? Farther { get; init; }
    }

    private abstract record Parents : Grandparents
    {
        [Setting("The nearer")]
        public string? Nearer { get; init; }
    }

    private sealed record Own : Parents
    {
        [Setting("Its own")]
        public string? Mine { get; init; }
    }
}
