using SelfAdapt.Models.Graph;

namespace SelfAdapt.Tool.Models;

/// <summary>The --outputs option: what the channels of a network's output mean.</summary>
internal static class OutputMeaning
{
    /// <summary>The words of a description, as <see cref="Parse"/> takes them.</summary>
    public static string Words(OutputDescription outputs) => string.Join(',', outputs.Parts.Select(p => p.Kind.Word));

    /// <summary>A description from its words; null if they are none.</summary>
    public static OutputDescription? Parse(string text)
    {
        List<OutputPart> parts = [];
        int channel = 0;
        foreach (string word in text.Split(','))
        {
            if (OutputKind.Find(word) is not { } kind)
            {
                return null;
            }

            parts.Add(new OutputPart(kind, channel, word));
            channel += kind.Channels;
        }

        return new OutputDescription(parts);
    }
}
