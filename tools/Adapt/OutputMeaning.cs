using SelfAdapt.Models.Graph;

namespace SelfAdapt.Tool;

/// <summary>The --outputs option: what the channels of a network's output mean.</summary>
internal static class OutputMeaning
{
    /// <summary>The words, for messages and the help.</summary>
    public const string Kinds = "flow (two channels, dY and dX), logit, probability, scalar";

    /// <summary>The words for a description, as the option takes them.</summary>
    public static string Word(OutputPart part) => part.Kind switch
    {
        OutputKind.VectorField => "flow",
        OutputKind.Logit => "logit",
        OutputKind.Probability => "probability",
        _ => "scalar",
    };

    /// <summary>The words of a description, as <see cref="Parse"/> takes them.</summary>
    public static string Words(OutputDescription outputs) => string.Join(',', outputs.Parts.Select(Word));

    /// <summary>A description from its words; null if they are none.</summary>
    public static OutputDescription? Parse(string text)
    {
        List<OutputPart> parts = [];
        int channel = 0;
        foreach (string word in text.Split(','))
        {
            OutputKind? kind = word switch
            {
                "flow" => OutputKind.VectorField,
                "logit" => OutputKind.Logit,
                "probability" => OutputKind.Probability,
                "scalar" => OutputKind.Regression,
                _ => null,
            };
            if (kind is null)
            {
                return null;
            }

            parts.Add(new OutputPart(kind.Value, channel, word));
            channel += parts[^1].Channels;
        }

        return new OutputDescription(parts);
    }
}
