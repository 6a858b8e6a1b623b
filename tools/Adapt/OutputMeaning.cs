using System.Collections.Generic;
using System.CommandLine;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Tool;

/// <summary>The --outputs option: what the channels of a network's output mean.</summary>
internal static class OutputMeaning
{
    private const string Words = "flow (two channels, dY and dX), logit, scalar";

    /// <summary>The option.</summary>
    public static Option<OutputDescription?> CreateOption() => new("--outputs")
    {
        HelpName = "KIND,...",
        Description = $"Meaning of the output channels in order: {Words} "
            + "[default: flow,logit for three channels, logit for one]",
        CustomParser = result =>
        {
            OutputDescription? description = Parse(result.Tokens[0].Value);
            if (description is null)
            {
                result.AddError($"--outputs is '{result.Tokens[0].Value}', but must be a list of: {Words}.");
            }

            return description;
        },
    };

    /// <summary>The words for a description, as the option takes them.</summary>
    /// <param name="part">One meaning.</param>
    public static string Word(OutputPart part) => part.Kind switch
    {
        OutputKind.VectorField => "flow",
        OutputKind.Logit => "logit",
        _ => "scalar",
    };

    private static OutputDescription? Parse(string text)
    {
        List<OutputPart> parts = [];
        int channel = 0;
        foreach (string word in text.Split(','))
        {
            OutputKind? kind = word switch
            {
                "flow" => OutputKind.VectorField,
                "logit" => OutputKind.Logit,
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
