using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.Linq;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Tool;

/// <summary>Makes options that look alike.</summary>
internal static class OptionFactory
{
    /// <summary>An option that must be given.</summary>
    public static Option<T> Required<T>(
        string name, string meta, string description, params string[] aliases) =>
        new(name, aliases) { HelpName = meta, Description = description, Required = true };

    /// <summary>An option without a default.</summary>
    public static Option<T?> Optional<T>(
        string name, string meta, string description, params string[] aliases) =>
        new(name, aliases) { HelpName = meta, Description = description };

    /// <summary>An option with a default, which the help shows.</summary>
    public static Option<T> Default<T>(
        string name, string meta, T fallback, string description, params string[] aliases) =>
        new(name, aliases)
        {
            HelpName = meta,
            Description = description,
            DefaultValueFactory = _ => fallback,
        };

    /// <summary>A switch.</summary>
    public static Option<bool> Flag(string name, string description, params string[] aliases) =>
        new(name, aliases) { Description = description, Arity = ArgumentArity.Zero };

    /// <summary>An amount of memory, such as 2GB.</summary>
    public static Option<long> Memory(string name, long fallback, string description) => new(name)
    {
        HelpName = "SIZE",
        Description = description + FormattableString.Invariant($" [default: {fallback / 1e9:0.#}GB]"),
        DefaultValueFactory = _ => fallback,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value.ToUpperInvariant();
            foreach ((string unit, double factor) in (ReadOnlySpan<(string, double)>)[("GB", 1e9), ("MB", 1e6)])
            {
                if (text.EndsWith(unit, StringComparison.Ordinal)
                    && double.TryParse(
                        text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
                        out double number)
                    && number * factor is >= 1e6 and <= 1e15)
                {
                    return (long)(number * factor);
                }
            }

            result.AddError($"{name} is '{result.Tokens[0].Value}', but must be a size such as 2GB or 500MB.");
            return fallback;
        },
    };

    /// <summary>Two channel numbers, such as 2,1.</summary>
    public static Option<ChannelPair?> Channels() => new("--channels")
    {
        HelpName = "FIRST,SECOND",
        Description = "Channel to segment (0: mean of all) and helper channel such as nuclei (0: none) "
            + "[default: 0,0]",
        CustomParser = result =>
        {
            int[] numbers = [.. result.Tokens[0].Value.Split(',')
                .Select(n =>
                    int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out int v) ? v : -1)];
            if (numbers is [>= 0, >= 0])
            {
                return new ChannelPair(numbers[0], numbers[1]);
            }

            result.AddError(
                $"--channels is '{result.Tokens[0].Value}', but must be two numbers such as 0,0 or 2,1.");
            return null;
        },
    };
}

/// <summary>An option that takes one of a few words, each with its meaning.</summary>
/// <typeparam name="T">What a word stands for.</typeparam>
internal sealed class Choice<T>
{
    private readonly IReadOnlyDictionary<string, T> _meanings;

    /// <summary>Makes the option.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="fallback">The word that stands where none is given.</param>
    /// <param name="description">Shown in the help.</param>
    /// <param name="meanings">The words in the order in which they are shown.</param>
    public Choice(
        string name, string fallback, string description, params (string Word, T Meaning)[] meanings)
    {
        _meanings = meanings.ToDictionary(m => m.Word, m => m.Meaning, StringComparer.Ordinal);
        Option = OptionFactory.Default(
            name, string.Join('|', meanings.Select(m => m.Word)), fallback, description);
        Option.CompletionSources.Add([.. _meanings.Keys]);
        Option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: string word }] && !_meanings.ContainsKey(word))
            {
                result.AddError(
                    $"{name} is '{word}', but must be one of {string.Join(", ", _meanings.Keys)}.");
            }
        });
    }

    /// <summary>The option.</summary>
    public Option<string> Option { get; }

    /// <summary>What was chosen.</summary>
    /// <param name="parsed">The command line.</param>
    public T Get(ParseResult parsed) => _meanings[parsed.GetRequiredValue(Option)];
}
